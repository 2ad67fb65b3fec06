"""Search by meaning: the sense vectors of all definitions, reduced to 96 components and stored as int8."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from glyffuser.data.characters import Character

NUM_COMPONENTS = 96
"""Components that are kept, of 384. The 20 nearest characters by them are 80 % or more of those by whole vectors, which
tests/test_map_files.py measures."""

INT8_MAX = 127

TEMPERATURE = 0.05
"""Cosines are divided by it before the softmax: a sense whose cosine is greater by 0.05 gets e times the weight."""

NUM_WEIGHTED = 400
"""Characters that get a weight for a prompt; all others get 0."""


@dataclass(frozen=True)
class Meanings:
    """Every distinct sense as a vector, and the characters that have it.

    Attributes:
        basis: float32 (text_channels, 96), orthonormal columns.
        senses: float32 (senses, 96), unit length.
        pairs: int32 (pairs, 2), index of a sense and index of a character that has it.
        num_characters: number of all characters.
    """

    basis: np.ndarray
    senses: np.ndarray
    pairs: np.ndarray
    num_characters: int

    @classmethod
    def fit(cls, characters: Sequence[Character], senses: list[str], vectors: np.ndarray) -> "Meanings":
        """Reduce sense vectors to the directions of greatest second moment.

        Args:
            characters: all characters.
            senses: distinct senses, every one that a character has.
            vectors: float32 (senses, text_channels), unit length.
        """
        _, directions = np.linalg.eigh(vectors.T @ vectors)
        basis = np.ascontiguousarray(directions[:, ::-1][:, :NUM_COMPONENTS]).astype(np.float32)
        index = {sense: i for i, sense in enumerate(senses)}
        pairs = [(index[sense], i) for i, character in enumerate(characters) for sense in character.senses]
        return cls(basis, _to_unit_length(vectors @ basis), np.array(pairs, np.int32), len(characters))

    def similarities(self, sentence: np.ndarray) -> np.ndarray:
        """Cosine of a sentence vector (text_channels,) and each character's nearest sense: float32 (characters,)."""
        cosines = self.senses @ _to_unit_length(sentence[None] @ self.basis)[0]
        best = np.full(self.num_characters, -1, np.float32)
        np.maximum.at(best, self.pairs[:, 1], cosines[self.pairs[:, 0]])
        return best

    def nearest(self, sentence: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the characters nearest in meaning to a sentence vector (text_channels,).

        Returns:
            Indices int64 (count,), nearest first, and cosines float32 (count,).
        """
        similarities = self.similarities(sentence)
        indices = np.argsort(-similarities, kind="stable")[:count]
        return indices, similarities[indices]

    def weights(self, sentence: np.ndarray, count: int = NUM_WEIGHTED) -> tuple[np.ndarray, np.ndarray]:
        """Weigh the nearest characters for a prompt: q(character | prompt), a softmax of cosines.

        Args:
            sentence: float32 (text_channels,), sentence vector of the prompt.
            count: number of characters.

        Returns:
            Indices int64 (count,), and weights float32 (count,) that sum to 1.
        """
        indices, cosines = self.nearest(sentence, count)
        weights = np.exp((cosines - cosines[0]) / TEMPERATURE)
        return indices, weights / weights.sum()

    def save(self, path: Path) -> None:
        """Write the file: the basis as float16, the sense vectors as int8."""
        parts = {
            "basis": self.basis.astype(np.float16),
            "senses": np.round(self.senses * INT8_MAX).astype(np.int8),
            "pairs": self.pairs.astype(np.uint16),
            "num_characters": np.array([self.num_characters], np.int32),
        }
        save_file({name: np.ascontiguousarray(part) for name, part in parts.items()}, path)

    @classmethod
    def load(cls, path: Path) -> "Meanings":
        """Read the file that `save` wrote."""
        parts = load_file(path)
        return cls(
            parts["basis"].astype(np.float32),
            _to_unit_length(parts["senses"].astype(np.float32)),
            parts["pairs"].astype(np.int32),
            int(parts["num_characters"][0]),
        )


def _to_unit_length(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
