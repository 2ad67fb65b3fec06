"""Captions and samples."""

import random
from collections import Counter
from math import sqrt

import numpy as np
import pytest
import torch

from glyffuser.data import dataset
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import (
    CaptionVariants,
    GlyphDataset,
    caption_variants,
    distinct_captions,
    sample_caption,
    unseen_characters,
)

NUM_DRAWS = 20_000


def character(char="好", *senses):
    return Character(ord(char), senses or ("good, fine", "well"), radical=38, strokes=6, layout="left-right")


@pytest.fixture
def small():
    """Six characters, glyph i grey level 51 * i."""
    characters = [character(char, f"{char} a, b", f"{char} c, d") for char in "一二三四五六"]
    glyphs = np.broadcast_to(np.arange(0, 256, 51, dtype=np.uint8)[:, None, None], (6, 128, 128))
    return GlyphDataset(characters, glyphs, seed=3)


def captions(samples, epoch=0, order=None):
    samples.set_epoch(epoch)
    return {index: samples[index]["caption"] for index in order or range(len(samples))}


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


def test_caption_probabilities():
    variants = CaptionVariants(full="full", senses=("sense 1", "sense 2"), clauses=("clause 1", "clause 2"))
    rng = random.Random(0)
    counts = Counter(sample_caption(variants, rng) for _ in range(NUM_DRAWS))
    expected = {"": 0.10, "full": 0.40, "sense 1": 0.16, "sense 2": 0.16, "clause 1": 0.09, "clause 2": 0.09}
    assert counts.keys() == expected.keys()
    for caption, probability in expected.items():
        deviation = sqrt(NUM_DRAWS * probability * (1 - probability))
        assert abs(counts[caption] - NUM_DRAWS * probability) < 4 * deviation, caption


def test_caption_probabilities_over_epochs_of_the_dataset(small):
    empty = sum(caption == "" for epoch in range(400) for caption in captions(small, epoch).values())
    assert abs(empty - 240) < 4 * sqrt(2400 * 0.1 * 0.9)


def test_probabilities_add_up():
    kept = (dataset.FULL_PROBABILITY, dataset.SENSE_PROBABILITY, dataset.CLAUSE_PROBABILITY)
    assert dataset.CAPTION_DROPOUT + sum(kept) == pytest.approx(1)


def test_caption_depends_only_on_seed_epoch_and_index(small):
    forward, backward = captions(small, epoch=5), captions(small, epoch=5, order=[5, 3, 3, 0, 1, 2, 4])
    assert forward == backward
    other = GlyphDataset(small.characters, small.glyphs, seed=3)
    assert captions(other, epoch=5) == forward


def test_caption_changes_with_epoch_seed_and_index(small):
    epochs = [tuple(captions(small, epoch).values()) for epoch in range(20)]
    assert len(set(epochs)) > 10
    other = GlyphDataset(small.characters, small.glyphs, seed=4)
    assert [tuple(captions(other, epoch).values()) for epoch in range(20)] != epochs
    same = GlyphDataset([small.characters[0]] * 6, small.glyphs, seed=3)
    assert any(len(set(captions(same, epoch).values())) > 1 for epoch in range(5))


def test_workers_do_not_change_samples(small):
    small.set_epoch(7)
    loader = torch.utils.data.DataLoader(small, batch_size=2, num_workers=1)
    assert [caption for batch in loader for caption in batch["caption"]] == [*captions(small, epoch=7).values()]


def test_sample_ranges(small):
    samples = [small[index] for index in range(6)]
    for index, sample in enumerate(samples):
        assert sample["x_0"].shape == (1, 128, 128) and sample["x_0"].dtype == torch.float32
        assert sample["x_0"].min() == sample["x_0"].max() == pytest.approx(-1 + 0.4 * index, abs=1e-6)
        assert sample["codepoint"] == ord("一二三四五六"[index])


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
