import numpy as np
import pytest

from glyffuser.ui.finished import FinishedGlyphs


def glyphs(number: int) -> np.ndarray:
    return np.arange(number, dtype=np.uint8)[:, None, None].repeat(128, 1).repeat(128, 2)


def test_a_glyph_is_found_by_its_run_and_index():
    finished = FinishedGlyphs()
    finished.keep("a", "gold", glyphs(4))
    found = finished.find("a", 3)
    assert found.prompt == "gold" and found.pixels.shape == (128, 128) and (found.pixels == 3).all()


@pytest.mark.parametrize(
    ("run", "index"),
    [("b", 0), ("a", 4), ("a", -1), ("a", 1.0), ("a", True), ("a", None), (None, 0), (["a"], 0), ({}, 0)],
)
def test_whatever_else_a_browser_sends_is_not_found(run, index):
    finished = FinishedGlyphs()
    finished.keep("a", "gold", glyphs(4))
    assert finished.find(run, index) is None


def test_the_oldest_runs_are_forgotten_and_shipped_ones_never():
    finished = FinishedGlyphs(max_runs=2)
    finished.keep_for_ever("shipped", "gold", glyphs(1))
    for run in "abc":
        finished.keep(run, run, glyphs(1))
    assert [finished.find(run, 0) is not None for run in ("shipped", *"abc")] == [True, False, True, True]
