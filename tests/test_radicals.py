"""The radical classifier that is shipped."""

import pytest

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.radicals import ClassifierError, RadicalClassifier

CHARACTERS = load_characters()


@pytest.fixture(scope="module")
def classifier() -> RadicalClassifier:
    return RadicalClassifier.load()


def test_the_shipped_classifier_is_right_on_held_out_glyphs(classifier):
    held_out = [c for c in CHARACTERS if c.split == "held-out"]
    assert classifier.top_1_accuracy(render_glyphs(held_out), [c.radical for c in held_out]) >= 0.91


def test_radicals_are_numbered_as_in_the_kangxi_dictionary(classifier):
    glyphs = render_glyphs([c for c in CHARACTERS if c.char in "河鯉"])
    assert classifier.top_k(glyphs).shape == (2, 3)
    assert sorted(classifier.top_k(glyphs, k=1)[:, 0].tolist()) == [85, 195]


def test_features_are_those_of_a_rectifier(classifier):
    features = classifier.extract_features(render_glyphs(CHARACTERS[:5]), batch_size=2)
    assert features.shape == (5, classifier.config.feature_channels) and features.min() >= 0


def test_accuracy_is_a_share_of_glyphs(classifier):
    glyphs = render_glyphs([c for c in CHARACTERS if c.char in "河鯉"])
    assert classifier.top_1_accuracy(glyphs, classifier.top_k(glyphs, k=1)[:, 0].tolist()) == 1
    assert classifier.top_1_accuracy(glyphs, [85, 85]) == 0.5


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_classifier_that_cannot_be_read_says_what_to_do(tmp_path, damage):
    if damage == "garbage":
        (tmp_path / "config.json").write_text("{")
    with pytest.raises(
        ClassifierError, match=r"radical classifier in .* `python -m glyffuser\.training\.radical_classifier`"
    ):
        RadicalClassifier.load(tmp_path)
