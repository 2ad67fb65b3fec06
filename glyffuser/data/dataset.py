"""Training data: glyphs, each with a caption that is drawn from its definition anew in each epoch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glyffuser.data.characters import Character, load_characters
from glyffuser.data.definitions import split_outside_parentheses
from glyffuser.data.glyphs import GlyphRenderer

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


class GlyphDataset:
    """Glyphs and the possible captions of their characters, of which each epoch draws one per glyph.

    Attributes:
        characters: characters of the data set.
        glyphs: uint8 (characters, 128, 128), paper 255, ink 0.
        captions: all possible captions, "" first.
    """

    def __init__(
        self,
        characters: Sequence[Character] | None = None,
        glyphs: np.ndarray | None = None,
        seed: int = 0,
        caption_dropout: float = CAPTION_DROPOUT,
    ) -> None:
        """
        Args:
            characters: characters of the data set; the training split if None.
            glyphs: uint8 (characters, 128, 128), paper 255, ink 0; rendered if None (5 s and 330 MB for all).
            seed: decides all captions.
            caption_dropout: probability of the empty caption; the others keep their shares of the rest.

        Raises:
            ValueError: if the numbers of glyphs and characters differ.
        """
        if characters is None:
            characters = [character for character in load_characters() if character.split == "train"]
        if glyphs is None:
            glyphs = GlyphRenderer().render_all(character.char for character in characters)
        if len(glyphs) != len(characters):
            raise ValueError(f"Got {len(glyphs)} glyphs for {len(characters)} characters; give one for each.")
        self.characters = characters
        self.glyphs = glyphs
        self.captions = distinct_captions(characters)
        self._seed = seed
        kept = np.array([FULL_PROBABILITY, SENSE_PROBABILITY, CLAUSE_PROBABILITY])
        self._probabilities = [caption_dropout, *(1 - caption_dropout) * kept / kept.sum()]
        kinds = [caption_kinds(caption_variants(character)) for character in characters]
        number = {caption: i for i, caption in enumerate(self.captions)}
        self._choices = np.array([number[caption] for row in kinds for kind in row for caption in kind])
        self._counts = np.array([[len(kind) for kind in row] for row in kinds])
        self._starts = (np.cumsum(self._counts) - self._counts.ravel()).reshape(self._counts.shape)

    def __len__(self) -> int:
        """Number of characters."""
        return len(self.characters)

    def draw_captions(self, epoch: int) -> np.ndarray:
        """Draw a caption for each character; it depends on seed and epoch alone.

        Returns:
            int64 (characters,), indices of `captions`.
        """
        rng, every = np.random.default_rng([self._seed, epoch, 1]), np.arange(len(self))
        kinds = rng.choice(len(self._probabilities), size=len(self), p=self._probabilities)
        which = (rng.random(len(self)) * self._counts[every, kinds]).astype(int)
        return self._choices[self._starts[every, kinds] + which]


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


def caption_kinds(variants: CaptionVariants) -> list[tuple[str, ...]]:
    """The captions of a character by kind: none, all senses, one sense, the first clause of one sense."""
    return [("",), (variants.full,), variants.senses, variants.clauses]


def distinct_captions(characters: Sequence[Character]) -> list[str]:
    """List every possible caption of the characters: "" first, the others in the order of first occurrence."""
    captions = [""]
    for character in characters:
        variants, num_senses = caption_variants(character), len(character.senses)
        captions += [variants.full, *variants.senses[:num_senses], *variants.clauses[:num_senses]]
        captions += [*variants.senses[num_senses:], *variants.clauses[num_senses:]]  # those of elements
    return list(dict.fromkeys(captions))
