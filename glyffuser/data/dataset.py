"""Training samples: a glyph with a caption sampled from its definition."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import torch

from glyffuser.data.characters import Character, load_characters
from glyffuser.data.definitions import split_outside_parentheses
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import uint8_to_x_0

CAPTION_DROPOUT = 0.10
"""Probability of the empty caption, which trains the unconditional model for classifier-free guidance (Ho & Salimans
2022)."""

FULL_PROBABILITY = 0.40
"""Probability of all senses as the caption."""

SENSE_PROBABILITY = 0.32
"""Probability of one sense as the caption."""

CLAUSE_PROBABILITY = 0.18
"""Probability of the first clause of one sense as the caption."""

# "tin (element 50, Sn)" -> "tin"
ELEMENT = re.compile(r"^(.*?)\s*\(element \d+, ?\w+\)")


@dataclass(frozen=True, slots=True)
class CaptionVariants:
    """Possible captions of a character.

    Attributes:
        full: all senses, the whole definition.
        senses: each sense; for an element also "tin, chemical element".
        clauses: each sense up to its first comma outside parentheses; for an element also its bare name.
    """

    full: str
    senses: tuple[str, ...]
    clauses: tuple[str, ...]


class Sample(TypedDict):
    """One training sample: `x_0` float32 (1, 128, 128) in [-1, 1], its caption ("" if dropped) and its codepoint."""

    x_0: torch.Tensor
    caption: str
    codepoint: int


class GlyphDataset(torch.utils.data.Dataset[Sample]):
    """Glyphs with captions, sampled again in each epoch.

    A caption depends only on seed, epoch and index, not on the order of access or the number of workers.

    Args:
        characters: characters of the data set; the training split if None.
        glyphs: uint8 (characters, 128, 128), paper 255, ink 0; rendered if None (5 s and 330 MB for all).
        seed: decides all captions.

    Raises:
        ValueError: if the numbers of glyphs and characters differ.
    """

    def __init__(
        self, characters: Sequence[Character] | None = None, glyphs: np.ndarray | None = None, seed: int = 0
    ) -> None:
        if characters is None:
            characters = [character for character in load_characters() if character.split == "train"]
        if glyphs is None:
            glyphs = GlyphRenderer().render_all(character.char for character in characters)
        if len(glyphs) != len(characters):
            raise ValueError(f"Got {len(glyphs)} glyphs for {len(characters)} characters; give one for each.")
        self.characters = characters
        self.glyphs = glyphs
        self.seed = seed
        self.epoch = 0
        self._variants = [caption_variants(character) for character in characters]

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, and with it the captions; call it before the loader starts its workers."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of characters."""
        return len(self.characters)

    def __getitem__(self, index: int) -> Sample:
        """One glyph and its caption in this epoch."""
        # A string seeds by its hash, which mixes the three numbers and is the same in every process.
        rng = random.Random(f"{self.seed}/{self.epoch}/{index}")
        return {
            "x_0": uint8_to_x_0(self.glyphs[index]),
            "caption": sample_caption(self._variants[index], rng),
            "codepoint": self.characters[index].codepoint,
        }


def caption_variants(character: Character) -> CaptionVariants:
    """List the possible captions of a character.

    Short captions are among them because prompts are often single words, for which the sentence encoder is weakest.
    """
    names = [match[1] for sense in character.senses if (match := ELEMENT.match(sense))][:1]
    return CaptionVariants(
        full=character.definition,
        senses=character.senses + tuple(f"{name}, chemical element" for name in names),
        clauses=tuple(split_outside_parentheses(sense, ",")[0] for sense in character.senses) + tuple(names),
    )


def unseen_characters(characters: Sequence[Character]) -> list[Character]:
    """List the held-out characters whose definition is no training caption; weak definitions are left out."""
    seen = set(distinct_captions([character for character in characters if character.split == "train"]))
    return [c for c in characters if c.split == "held-out" and not c.is_weak and c.definition not in seen]


def sample_caption(variants: CaptionVariants, rng: random.Random) -> str:
    """Sample one caption; "" if it is dropped."""
    kinds = (("",), (variants.full,), variants.senses, variants.clauses)
    weights = (CAPTION_DROPOUT, FULL_PROBABILITY, SENSE_PROBABILITY, CLAUSE_PROBABILITY)
    (captions,) = rng.choices(kinds, weights)
    return rng.choice(captions)


def distinct_captions(characters: Sequence[Character]) -> list[str]:
    """List every possible caption of the characters: "" first, the others in the order of first occurrence."""
    captions = [""]
    for character in characters:
        variants, num_senses = caption_variants(character), len(character.senses)
        captions += [variants.full, *variants.senses[:num_senses], *variants.clauses[:num_senses]]
        captions += [*variants.senses[num_senses:], *variants.clauses[num_senses:]]  # those of elements
    return list(dict.fromkeys(captions))
