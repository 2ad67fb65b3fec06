"""Copies, variants and new glyphs; and that page and score sheet agree on them."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.evaluation.parts import Evaluation
from glyffuser.evaluation.score_sheet import Plan
from glyffuser.newness import Newness, NewnessMeasure
from glyffuser.projection import Projection
from glyffuser.radicals import RadicalClassifier

CHARACTERS = load_characters()
FEW = CHARACTERS[::8]


@pytest.fixture(scope="module")
def projection() -> Projection:
    return Projection.load()


@pytest.fixture(scope="module")
def few_projection(projection) -> Projection:
    return dataclasses.replace(projection, coordinates=projection.coordinates[::8])


@pytest.fixture(scope="module")
def measure(projection) -> NewnessMeasure:
    """As the page measures."""
    return NewnessMeasure(projection)


def glyph_of(char: str) -> torch.Tensor:
    return render_glyphs([c for c in CHARACTERS if c.char == char])


@pytest.mark.parametrize(
    ("distance", "second", "share", "is_copy", "is_variant"),
    [
        (3.0, 8.0, 0.009, True, False),  # nearer than 99 %
        (3.0, 8.0, 0.01, False, True),
        (3.0, 9.1, 0.5, True, False),  # less than a third as far as the second
        (3.0, 8.9, 0.5, False, False),
        (3.0, 8.9, 0.099, False, True),
        (3.0, 8.9, 0.1, False, False),
    ],
)
def test_copies_and_variants_by_their_limits(distance, second, share, is_copy, is_variant):
    newness = Newness([1, 2], distance, second, share)
    assert (newness.is_copy, newness.is_variant) == (is_copy, is_variant)


def test_a_real_glyph_is_a_copy_of_itself(measure):
    indices = [100, 9000, 20000]
    found = measure(render_glyphs([CHARACTERS[i] for i in indices]))
    assert [newness.nearest[0] for newness in found] == indices
    assert all(newness.is_copy and not newness.is_variant and newness.share < 0.01 for newness in found)


def test_halves_of_different_glyphs_are_new(measure):
    glyphs = torch.cat([glyph_of("鱼"), glyph_of("山")])
    glyphs[0, :, :64], glyphs[1, :, 64:] = glyphs[1, :, :64], glyphs[0, :, 64:].clone()
    for newness in measure(glyphs):
        assert newness.share > 0.3 and not newness.is_copy and not newness.is_variant and len(set(newness.nearest)) == 5


def test_shares_are_those_of_real_glyphs(projection, measure):
    """A tenth of real glyphs, each measured as if it were not one of them, has a share below a tenth."""
    others = np.random.default_rng(1).choice(len(CHARACTERS), 400, replace=False)
    _, distances = projection.nearest(projection.coordinates[others], 1, excluded=others)
    shares = np.searchsorted(measure.real_distances, distances[:, 0]) / len(measure.real_distances)
    assert np.abs(np.quantile(shares, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.08


def test_real_glyphs_are_measured_without_themselves(few_projection):
    measure = NewnessMeasure(few_projection, num_compared=None)
    real = measure.of_real_glyphs()
    assert len(real) == len(measure.real_distances) == len(FEW)
    assert all(i not in newness.nearest for i, newness in enumerate(real))
    assert [newness.distance for newness in real][:3] == few_projection.nearest(
        few_projection.coordinates[:3], 1, excluded=np.arange(3)
    )[1][:, 0].tolist()
    assert np.mean([newness.is_too_near for newness in real]) == pytest.approx(0.01, abs=0.001)


def test_the_number_of_compared_glyphs_is_an_argument(few_projection):
    sizes = [len(NewnessMeasure(few_projection, number).real_distances) for number in (10, 1000, 10**6, None)]
    assert sizes == [10, 1000, len(FEW), len(FEW)]


def unchanged(glyph: torch.Tensor) -> torch.Tensor:
    return glyph


def shifted(glyph: torch.Tensor) -> torch.Tensor:
    return glyph.roll(2, dims=3)


def with_a_hole(glyph: torch.Tensor) -> torch.Tensor:
    changed = glyph.clone()
    changed[..., :40, :40] = 1
    return changed


# Blurred pixels, by which the score sheet once judged, call the shifted glyph a copy and the one with a hole none.
@pytest.mark.parametrize(("change", "is_copy"), [(unchanged, True), (shifted, False), (with_a_hole, True)])
def test_page_and_score_sheet_call_the_same_glyph_a_copy(few_projection, change, is_copy):
    glyph = change(glyph_of("㧓"))
    store = SimpleNamespace(fingerprint="", dtype="float32", glyphs=lambda *_: glyph)
    evaluation = Evaluation(store, RadicalClassifier.load(), few_projection, FEW, Plan(num_glyphs=1))
    (on_page,) = NewnessMeasure(few_projection)(glyph)
    on_sheet = evaluation.newness()
    assert on_page.is_copy == is_copy and on_sheet.generated.copies == is_copy
    assert on_sheet.generated.nearest_median == on_page.distance
