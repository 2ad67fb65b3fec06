"""Train the glyph prior: `python -m glyffuser.training.prior`, a few minutes on one core."""

import argparse
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F

from glyffuser.command import ends_in_one_line
from glyffuser.config import ModelConfig
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.dataset import caption_variants, distinct_captions, unseen_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.probe import PROBE
from glyffuser.images import encode_png, tile, uint8_to_x_0, x_0_to_uint8
from glyffuser.prior import MEAN_OF_FOLDS, Fold, GlyphPrior
from glyffuser.text import TextEncoder, sentence_vectors
from glyffuser.training.captions import caption_states

MIN_FAMILY_SIZE = 15
"""Training characters of one radical and layout that form a family; smaller groups of a radical are merged."""

SHRINKAGE = 5
"""Number of mean glyphs that are added to a family's average, which draws small families towards the mean."""

MIN_WORD_COUNT = 2
"""Number of training definitions that must hold a word before it becomes a caption by itself."""

FAMILY_LOSS_WEIGHT = 0.05
"""Weight of the cross-entropy beside the squared error."""

BATCH_SIZE = 256
NUM_EPOCHS = 5
LEARNING_RATE = 1.5e-3


@dataclass(frozen=True)
class Examples:
    """Training data of the prior.

    Attributes:
        captions: distinct captions, "" first, then single words that are no caption.
        sentences: float32 (captions, text_channels), unit length.
        pictures: float32 (characters, grid²), glyphs averaged to the U-net's resolution, in [-1, 1].
        families: int64 (characters,), index of each character's family.
        folds: int64 (characters,), the network that is trained without the character.
        pairs: int64 (pairs, 2), indices of a caption and of a training character that it describes.
    """

    captions: list[str]
    sentences: torch.Tensor
    pictures: torch.Tensor
    families: torch.Tensor
    folds: torch.Tensor
    pairs: torch.Tensor


def family_names(characters: Sequence[Character]) -> list[tuple[int, str]]:
    """The family of each character: its radical, and its layout if enough training characters share both."""
    counts = Counter((c.radical, c.layout) for c in characters if c.split == "train")
    return [(c.radical, c.layout if counts[c.radical, c.layout] >= MIN_FAMILY_SIZE else "any") for c in characters]


def fold_of(character: Character, num_folds: int) -> int:
    """The fold of a character; characters with the same definition share a fold."""
    return zlib.crc32(character.definition.lower().encode()) % num_folds


def captions_of(character: Character) -> set[str]:
    """Every caption of the character except the empty one."""
    variants = caption_variants(character)
    return {variants.full, *variants.senses, *variants.clauses}


def words_of(character: Character) -> set[str]:
    """The words of the character's definition in lower case.

    Users often type a single word, for which the sentence vector is least informative. Pairing a word with every
    character whose definition holds it teaches its most frequent meaning: "knife" 刀, though knives are made of metal.
    """
    return set(re.findall("[a-z]{2,}", character.definition.lower()))


def caption_folds(characters: Sequence[Character], num_folds: int) -> dict[str, int]:
    """Caption of a training character -> the network that was trained without it.

    `MEAN_OF_FOLDS` where characters of several folds share the caption, since then no network was.
    """
    folds = defaultdict(set)
    for character in characters:
        if character.split == "train":
            for caption in captions_of(character):
                folds[caption].add(fold_of(character, num_folds))
    return {caption: found.pop() if len(found) == 1 else MEAN_OF_FOLDS for caption, found in folds.items()}


def gather_examples(
    characters: Sequence[Character], encoder: TextEncoder, num_folds: int, grid_size: int, cache_folder: Path
) -> tuple[Examples, list[tuple[int, str]]]:
    """Render glyphs, encode captions and pair both; returns the examples and the families' names."""
    captions, words = distinct_captions(characters), frequent_words(characters)
    single_words = sorted(words - set(captions))
    states = caption_states(encoder, characters, cache_folder)
    batches = [states[captions[i : i + 512]] for i in range(0, len(captions), 512)]
    batches += [encoder(single_words[i : i + 512]) for i in range(0, len(single_words), 512)]
    names = family_names(characters)
    families = sorted(set(names))
    examples = Examples(
        captions + single_words,
        torch.cat([sentence_vectors(batch) for batch in batches]),
        small_pictures(characters, grid_size),
        torch.tensor([families.index(name) for name in names]),
        torch.tensor([fold_of(character, num_folds) for character in characters]),
        torch.tensor(caption_pairs(characters, captions + single_words, words)),
    )
    return examples, families


def frequent_words(characters: Sequence[Character]) -> set[str]:
    """Words that at least `MIN_WORD_COUNT` training definitions hold."""
    counts = Counter(word for c in characters if c.split == "train" for word in words_of(c))
    return {word for word, count in counts.items() if count >= MIN_WORD_COUNT}


def caption_pairs(characters: Sequence[Character], captions: list[str], words: set[str]) -> list[tuple[int, int]]:
    """Indices of every caption or word and of every training character that it describes."""
    index = {caption: i for i, caption in enumerate(captions)}
    return [
        (index[caption], i)
        for i, character in enumerate(characters)
        if character.split == "train"
        for caption in sorted(captions_of(character) | (words_of(character) & words))
    ]


def small_pictures(characters: Sequence[Character], grid_size: int) -> torch.Tensor:
    """The glyphs averaged to the U-net's resolution: float32 (characters, grid²) in [-1, 1]."""
    renderer, rows = GlyphRenderer(), []
    for start in range(0, len(characters), 1000):
        x_0 = uint8_to_x_0(renderer.render_all(c.char for c in characters[start : start + 1000]))
        rows.append(F.avg_pool2d(x_0, x_0.shape[-1] // grid_size).flatten(1))
    return torch.cat(rows)


def family_averages(examples: Examples, is_train: torch.Tensor, num_families: int) -> torch.Tensor:
    """Average glyph of each family minus the mean glyph, with small families drawn to the mean: (families, grid²).

    A training glyph is part of its own family's average: with weight 1 / (1 + `SHRINKAGE`) in a family of one, less
    than a twentieth in most families.
    """
    deviations = examples.pictures[is_train] - examples.pictures[is_train].mean(dim=0)
    families = examples.families[is_train]
    total = torch.zeros(num_families, deviations.shape[1]).index_add_(0, families, deviations)
    counts = torch.bincount(families, minlength=num_families)
    return total / (counts + SHRINKAGE)[:, None]


def train_fold(prior: GlyphPrior, fold: int, examples: Examples, num_epochs: int) -> None:
    """Train one of the networks on the characters of the other folds.

    The loss is the squared error of the guess relative to the glyphs' variance, plus a small cross-entropy of the
    family, which keeps rare families apart.
    """
    network = cast(Fold, prior.folds[fold]).train()
    pairs = examples.pairs[examples.folds[examples.pairs[:, 1]] != fold]
    network.mean.copy_(examples.sentences[pairs[:, 0]].mean(dim=0))
    variance = (examples.pictures[pairs[:, 1]] - prior.mean_glyph).square().sum(dim=1).mean()
    num_batches = max(1, len(pairs) // BATCH_SIZE)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=num_epochs * num_batches + 1)
    for _epoch in range(num_epochs):
        for batch in pairs[torch.randperm(len(pairs))].split(BATCH_SIZE)[:num_batches]:
            sentences, owners = examples.sentences[batch[:, 0]], batch[:, 1]
            logits = network(sentences)
            guess = prior.mean_glyph + prior.std * (logits.softmax(dim=1) @ prior.family_glyphs)
            error = (guess - examples.pictures[owners]).square().sum(dim=1).mean() / variance
            family_loss = F.cross_entropy(logits, examples.families[owners], label_smoothing=0.05)
            optimizer.zero_grad()
            (error + FAMILY_LOSS_WEIGHT * family_loss).backward()
            optimizer.step()
            schedule.step()
    network.eval()


def train_prior(
    characters: Sequence[Character],
    examples: Examples,
    families: list[tuple[int, str]],
    num_epochs: int = NUM_EPOCHS,
    num_folds: int = 5,
    hidden_channels: tuple[int, int] = (1024, 256),
    seed: int = 0,
) -> GlyphPrior:
    """Train all folds and scale the pictures to unit variance over the training captions."""
    torch.manual_seed(seed)
    is_train = torch.tensor([character.split == "train" for character in characters])
    grid_size = int(examples.pictures.shape[1] ** 0.5)
    prior = GlyphPrior(
        tuple(families), examples.sentences.shape[1], hidden_channels, grid_size=grid_size, num_folds=num_folds
    )
    prior.mean_glyph.copy_(examples.pictures[is_train].mean(dim=0))
    prior.family_glyphs.copy_(family_averages(examples, is_train, len(families)))
    for fold in range(num_folds):
        train_fold(prior, fold, examples, num_epochs)
    folds = caption_folds(characters, num_folds)
    rows = [i for i, caption in enumerate(examples.captions) if caption in folds]
    std = guesses(prior, examples.sentences[rows], torch.tensor([folds[examples.captions[i]] for i in rows])).std()
    prior.std.fill_(std)
    prior.family_glyphs.div_(std)
    return prior.eval()


@torch.no_grad()
def guesses(prior: GlyphPrior, sentences: torch.Tensor, folds: torch.Tensor | None = None) -> torch.Tensor:
    """The prior's pictures as the U-net gets them in training, without sharpening: (batch, grid²)."""
    return prior(sentences, sharpness=1.0, folds=folds).flatten(1)


def explained_variance(prior: GlyphPrior, examples: Examples, characters: Sequence[Character]) -> float:
    """Share of the variance of held-out glyphs that the prior explains from definitions it was not trained on."""
    codepoints = {character.codepoint for character in unseen_characters(characters)}
    chosen = [i for i, character in enumerate(characters) if character.codepoint in codepoints]
    index = {caption: i for i, caption in enumerate(examples.captions)}
    sentences = examples.sentences[[index[characters[i].definition] for i in chosen]]
    deviations = examples.pictures[chosen] - prior.mean_glyph
    error = (deviations - prior.std * guesses(prior, sentences)).square().mean()
    return 1 - float(error / deviations.square().mean())


def radical_accuracy(prior: GlyphPrior, sentences: torch.Tensor, radicals: Sequence[int]) -> float:
    """Share of sentences whose most probable radical is the right one."""
    likeliest = prior.by_radical(prior.probabilities(sentences)).argmax(dim=1)
    return float((likeliest == torch.tensor(radicals)).float().mean())


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Train, print scores on held-out glyphs, save; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.training.prior", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/glyph_prior"), help="folder to write")
    parser.add_argument("--text-encoder", default="minilm", help="a text encoder by name (default: minilm)")
    parser.add_argument("--patch-size", type=int, default=4, help="patch size of the U-net (default: 4)")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder for text states (default: .cache)")
    options = parser.parse_args(arguments)

    characters, encoder = load_characters(), TextEncoder.load(options.text_encoder)
    grid_size = ModelConfig(patch_size=options.patch_size).grid_size
    examples, families = gather_examples(characters, encoder, 5, grid_size, options.cache)
    prior = train_prior(characters, examples, families)
    words = sentence_vectors(encoder([word for word, _radical in PROBE]))
    print(f"families of characters: {len(families)}")
    print(f"variance of held-out glyphs explained: {100 * explained_variance(prior, examples, characters):.2f} %")
    accuracy = radical_accuracy(prior, words, [radical for _word, radical in PROBE])
    print(f"radicals of the {len(PROBE)} probe words predicted correctly: {100 * accuracy:.0f} %")
    prior.save_pretrained(options.output)
    picture = tile(x_0_to_uint8(prior.to_x_0(prior(words).detach())), columns=9)
    (options.output / "probe.png").write_bytes(encode_png(picture))
    print(f"written to {options.output}, with guesses for the probe words in probe.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
