"""Captions, and how they are drawn."""

from collections import Counter
from math import sqrt

import numpy as np
import pytest

from glyffuser.data import dataset
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import (
    CaptionVariants,
    GlyphDataset,
    caption_variants,
    distinct_captions,
    unseen_characters,
)

NUM_DRAWS = 20_000


def character(char="好", *senses):
    return Character(ord(char), senses or ("good, fine", "well"), radical=38, strokes=6, layout="left-right")


@pytest.fixture
def small():
    """Six characters."""
    characters = [character(char, f"{char} a, b", f"{char} c, d") for char in "一二三四五六"]
    return GlyphDataset(characters, np.zeros((6, 128, 128), np.uint8), seed=3)


def captions(dataset, epoch=0):
    return [dataset.captions[number] for number in dataset.draw_captions(epoch)]


def test_variants_are_the_definition_the_senses_and_the_first_clauses():
    assert caption_variants(character("好", "good, fine", "well")) == CaptionVariants(
        full="good, fine; well", senses=("good, fine", "well"), clauses=("good", "well")
    )


@pytest.mark.parametrize(
    ("senses", "extra_sense", "extra_clause"),
    [
        (("tin (element 50, Sn)",), "tin, chemical element", "tin"),
        (("aluminium/aluminum (element 13, Al)",), "aluminium/aluminum, chemical element", "aluminium/aluminum"),
        (("pure gold", "calcium (element 20,Ca) and more"), "calcium, chemical element", "calcium"),
    ],
)
def test_elements_are_also_captioned_by_name(senses, extra_sense, extra_clause):
    variants = caption_variants(character("锡", *senses))
    assert variants.senses == (*senses, extra_sense)
    assert variants.clauses[-1] == extra_clause and len(variants.clauses) == len(senses) + 1


def test_other_parentheses_are_no_element():
    assert caption_variants(character("五", "five (of the elements)")).senses == ("five (of the elements)",)


@pytest.mark.parametrize(("dropout", "others"), [(0.10, 1.0), (0.0, 1 / 0.9), (0.55, 0.5)])
def test_caption_probabilities(dropout, others):
    many = [character("好", "first, a", "second, b")] * NUM_DRAWS
    dataset = GlyphDataset(many, np.zeros((NUM_DRAWS, 1, 1), np.uint8), caption_dropout=dropout)
    counts = Counter(captions(dataset))
    shares = {"first, a; second, b": 0.40, "first, a": 0.16, "second, b": 0.16, "first": 0.09, "second": 0.09}
    expected = {"": dropout} | {caption: others * share for caption, share in shares.items()}
    assert counts.keys() == {caption for caption, probability in expected.items() if probability}
    for caption, probability in expected.items():
        deviation = sqrt(NUM_DRAWS * probability * (1 - probability))
        assert abs(counts[caption] - NUM_DRAWS * probability) <= 4 * deviation, caption


def test_every_character_gets_a_caption_of_its_own(small):
    for epoch in range(50):
        for char, caption in zip("一二三四五六", captions(small, epoch), strict=True):
            assert caption in {
                "",
                f"{char} a, b; {char} c, d",
                f"{char} a, b",
                f"{char} c, d",
                f"{char} a",
                f"{char} c",
            }


def test_probabilities_add_up():
    kept = (dataset.FULL_PROBABILITY, dataset.SENSE_PROBABILITY, dataset.CLAUSE_PROBABILITY)
    assert dataset.CAPTION_DROPOUT + sum(kept) == pytest.approx(1)


def test_captions_depend_only_on_seed_and_epoch(small):
    first = captions(small, epoch=5)
    captions(small, epoch=6)
    other = GlyphDataset(small.characters, small.glyphs, seed=3)
    assert captions(small, epoch=5) == captions(other, epoch=5) == first


def test_captions_change_with_epoch_seed_and_index(small):
    epochs = [tuple(captions(small, epoch)) for epoch in range(20)]
    assert len(set(epochs)) > 10
    other = GlyphDataset(small.characters, small.glyphs, seed=4)
    assert [tuple(captions(other, epoch)) for epoch in range(20)] != epochs
    same = GlyphDataset([small.characters[0]] * 6, small.glyphs, seed=3)
    assert any(len(set(captions(same, epoch))) > 1 for epoch in range(5))


def test_default_is_the_training_split(monkeypatch):
    class FakeRenderer:
        def render_all(self, chars):
            return np.zeros((len(list(chars)), 1, 1), np.uint8)

    monkeypatch.setattr(dataset, "GlyphRenderer", FakeRenderer)
    samples = GlyphDataset()
    assert len(samples) == len(samples.glyphs) == 20_592 - 513
    assert all(character.split == "train" for character in samples.characters)


def test_there_must_be_one_glyph_per_character(small):
    with pytest.raises(ValueError, match="Got 5 glyphs for 6 characters"):
        GlyphDataset(small.characters, small.glyphs[:5])


def test_distinct_captions_in_order():
    tin = character("锡", "tin (element 50, Sn)", "to bestow, grant")
    assert distinct_captions([tin, character("给", "tin", "to bestow")]) == [
        "", "tin (element 50, Sn); to bestow, grant", "tin (element 50, Sn)", "to bestow, grant",
        "to bestow", "tin, chemical element", "tin", "tin; to bestow",
    ]  # fmt: skip


def test_distinct_captions_of_all_characters():
    texts = distinct_captions(load_characters())
    assert len(texts) == len(set(texts)) == 35_570
    assert texts[0] == "" and "" not in texts[1:]
    assert all(text.count("(") == text.count(")") for text in texts)


def test_unseen_definitions_are_no_training_captions():
    characters = load_characters()
    chosen = unseen_characters(characters)
    assert 450 < len(chosen) < 500 and all(c.split == "held-out" and not c.is_weak for c in chosen)
    seen = set(distinct_captions([c for c in characters if c.split == "train"]))
    assert not seen & {c.definition for c in chosen}
    assert "owl" in seen and "owl" in {c.definition for c in characters if c.split == "held-out"}
