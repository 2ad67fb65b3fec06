import torch

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.radicals import RadicalClassifier
from glyffuser.training.radical_classifier import augment, train_classifier

CHARACTERS = load_characters()


def test_a_classifier_learns(tmp_path):
    few = [c for c in CHARACTERS if c.split == "train" and c.radical in (85, 140)][:200]
    glyphs, radicals = render_glyphs(few), [c.radical for c in few]
    trained = train_classifier(few, num_epochs=4, block_out_channels=(8, 8, 8, 8))
    assert trained.top_1_accuracy(glyphs, radicals) > 0.8
    trained.save_pretrained(tmp_path)
    assert torch.equal(RadicalClassifier.load(tmp_path).top_k(glyphs), trained.top_k(glyphs))


def test_an_augmented_glyph_keeps_its_radical():
    torch.manual_seed(0)
    chosen = [c for c in CHARACTERS if c.split == "train"][::100]
    augmented = augment(render_glyphs(chosen))
    assert RadicalClassifier.load().top_1_accuracy(augmented, [c.radical for c in chosen]) > 0.8


def test_each_glyph_is_augmented_in_its_own_way():
    torch.manual_seed(0)
    first, second = augment(render_glyphs(CHARACTERS[:1]).expand(2, -1, -1, -1))
    assert not torch.equal(first, second)
