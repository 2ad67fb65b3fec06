import dataclasses

import pytest
import torch

from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import distinct_captions
from glyffuser.prior import MEAN_OF_FOLDS
from glyffuser.text import TextEncoder, sentence_vectors
from glyffuser.training import prior as training
from glyffuser.training.prior import (
    Examples,
    caption_folds,
    captions_of,
    explained_variance,
    family_averages,
    family_names,
    fold_of,
    gather_examples,
    train_prior,
)

CHARACTERS = load_characters()


def test_every_radical_has_families_and_large_ones_are_split_by_layout():
    names = family_names(CHARACTERS)
    assert {radical for radical, _layout in names} == {c.radical for c in CHARACTERS}
    assert {layout for radical, layout in names if radical == 86} > {"left-right", "any"}  # fire stands left or below
    sizes = {name: names.count(name) for name in set(names) if name[1] != "any"}
    assert min(sizes.values()) >= training.MIN_FAMILY_SIZE


def test_equal_definitions_share_a_fold_and_folds_are_even():
    by_definition = {}
    for character in CHARACTERS:
        by_definition.setdefault(character.definition.lower(), set()).add(fold_of(character, 5))
    assert all(len(folds) == 1 for folds in by_definition.values())
    counts = [sum(fold_of(c, 5) == fold for c in CHARACTERS) for fold in range(5)]
    assert min(counts) > 0.9 * max(counts)


def test_a_caption_gets_the_network_that_was_trained_without_it():
    folds = caption_folds(CHARACTERS, 5)
    owners = {}
    for character in CHARACTERS:
        if character.split == "train":
            for caption in captions_of(character):
                owners.setdefault(caption, set()).add(fold_of(character, 5))
    assert folds.keys() == owners.keys()
    for caption, fold in folds.items():
        assert owners[caption] == {fold} if fold != MEAN_OF_FOLDS else len(owners[caption]) > 1


def test_a_word_is_a_caption_of_every_character_that_it_helps_to_define(tmp_path):
    senses = [("steel knife",), ("a knife; Blade",), ("blade",), ("steel hoe",)]
    characters = [dataclasses.replace(c, senses=s, split="train") for c, s in zip(CHARACTERS, senses, strict=False)]
    characters[3] = dataclasses.replace(characters[3], split="held-out")
    encoder = TextEncoder.load()
    examples, _ = gather_examples(characters, encoder, 2, 32, tmp_path)
    assert len(set(examples.captions)) == len(examples.captions) == len(examples.sentences)
    owners = {}
    for caption, owner in examples.pairs.tolist():
        owners.setdefault(examples.captions[caption], []).append(owner)
    assert owners["knife"] == [0, 1] and owners["blade"] == [1, 2]
    assert "steel" not in owners, "describes one training character only"
    vector = examples.sentences[examples.captions.index("knife")]
    assert torch.allclose(vector, sentence_vectors(encoder(["knife"]))[0], atol=1e-3)


def toy(num=400, seed=0):
    """Two families, separated by the first number of the sentence; their glyphs are black on the left or right."""
    generator = torch.Generator().manual_seed(seed)
    families = torch.randint(2, (num,), generator=generator)
    pictures = torch.ones(num, 4, 4)
    pictures[families == 0, :, :2] = -1
    pictures[families == 1, :, 2:] = -1
    sentences = torch.randn(num + 1, 8, generator=generator) * 0.1
    sentences[1:, 0] += families * 2.0 - 1
    characters = [
        dataclasses.replace(c, split="held-out" if i % 10 == 0 else "train", senses=(f"word {i}",), is_weak=False)
        for i, c in enumerate(CHARACTERS[:num])
    ]
    captions = distinct_captions(characters)
    assert len(captions) == num + 1
    pairs = torch.tensor([(i + 1, i) for i, c in enumerate(characters) if c.split == "train"])
    folds = torch.tensor([fold_of(c, 2) for c in characters])
    noisy = (pictures + 0.1 * torch.randn(pictures.shape, generator=generator)).flatten(1)
    sentences = torch.nn.functional.normalize(sentences, dim=1)
    return characters, Examples(captions, sentences, noisy, families, folds, pairs)


@pytest.fixture(scope="module")
def trained():
    characters, examples = toy()
    names = [(9, "any"), (85, "any")]
    return characters, examples, train_prior(characters, examples, names, 60, num_folds=2, hidden_channels=(32, 16))


def test_the_prior_learns_families_that_sentences_separate(trained):
    characters, examples, prior = trained
    assert explained_variance(prior, examples, characters) > 0.8
    assert (prior.probabilities(examples.sentences[1:]).argmax(dim=1) == examples.families).float().mean() > 0.97


def test_its_pictures_have_unit_variance_over_the_training_captions(trained):
    characters, examples, prior = trained
    folds = caption_folds(characters, 2)
    rows = [i for i, caption in enumerate(examples.captions) if caption in folds]
    chosen = torch.tensor([folds[examples.captions[i]] for i in rows])
    assert 0 < len(rows) < len(examples.captions) - 1, "held-out captions do not count"
    assert training.guesses(prior, examples.sentences[rows], chosen).std() == pytest.approx(1, abs=1e-4)


def test_small_families_are_drawn_to_the_mean_glyph():
    _, examples = toy(20)
    is_train = torch.ones(20, dtype=torch.bool)
    averages = family_averages(examples, is_train, 2)
    plain = examples.pictures[examples.families == 0].mean(dim=0) - examples.pictures.mean(dim=0)
    count = int((examples.families == 0).sum())
    assert torch.allclose(averages[0], plain * count / (count + training.SHRINKAGE), atol=1e-5)


def test_the_same_seed_gives_the_same_prior():
    characters, examples = toy(60)
    one, other = (
        train_prior(characters, examples, [(9, "any"), (85, "any")], 1, num_folds=2, hidden_channels=(8, 8))
        for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
