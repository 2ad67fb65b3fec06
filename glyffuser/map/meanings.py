"""Which characters mean something near: the sense vectors of all definitions, made small enough to ship."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from glyffuser.data.characters import Character

NUM_COMPONENTS = 96
QUANTISATION = 127
TEMPERATURE = 0.05
"""Cosines are divided by this before they are made weights: a sense that is nearer by .05 weighs e times as much."""


@dataclass(frozen=True)
class Meanings:
    """Every distinct sense as a vector, and whose it is.

    Attributes:
        basis: float32 (text_channels, 96), orthonormal columns.
        senses: float32 (senses, 96), unit length.
        pairs: int32 (pairs, 2), index of a sense and index of a character that has it.
        num_characters: of all characters.
    """

    basis: np.ndarray
    senses: np.ndarray
    pairs: np.ndarray
    num_characters: int

    @classmethod
    def fit(cls, characters: Sequence[Character], senses: list[str], vectors: np.ndarray) -> "Meanings":
        """Make sense vectors small.

        Args:
            characters: all of them.
            senses: distinct senses, every one that a character has.
            vectors: float32 (senses, text_channels), unit length.
        """
        _, directions = np.linalg.eigh(vectors.T @ vectors)
        basis = np.ascontiguousarray(directions[:, ::-1][:, :NUM_COMPONENTS]).astype(np.float32)
        index = {sense: i for i, sense in enumerate(senses)}
        pairs = [(index[sense], i) for i, character in enumerate(characters) for sense in character.senses]
        return cls(basis, _unit(vectors @ basis), np.array(pairs, np.int32), len(characters))

    def similarities(self, sentence: np.ndarray) -> np.ndarray:
        """Cosine of a sentence vector (text_channels,) to each character's nearest sense: float32 (characters,)."""
        cosines = self.senses @ _unit(sentence[None] @ self.basis)[0]
        best = np.full(self.num_characters, -1, np.float32)
        np.maximum.at(best, self.pairs[:, 1], cosines[self.pairs[:, 0]])
        return best

    def nearest(self, sentence: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The characters that mean something near.

        Returns:
            Indices int64 (count,), nearest first, and cosines float32 (count,).
        """
        similarities = self.similarities(sentence)
        indices = np.argsort(-similarities, kind="stable")[:count]
        return indices, similarities[indices]

    def weights(self, sentence: np.ndarray, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
        """How much each of the nearest characters counts for a prompt: q(character | prompt), a softmax of cosines.

        Returns:
            Indices int64 (count,), and weights float32 (count,) that sum to 1.
        """
        indices, cosines = self.nearest(sentence, count)
        weights = np.exp((cosines - cosines[0]) / TEMPERATURE)
        return indices, weights / weights.sum()

    def save(self, path: Path) -> None:
        """Write it, the vectors as whole numbers."""
        parts = {
            "basis": self.basis.astype(np.float16),
            "senses": np.round(self.senses * QUANTISATION).astype(np.int8),
            "pairs": self.pairs.astype(np.uint16),
            "num_characters": np.array([self.num_characters], np.int32),
        }
        save_file({name: np.ascontiguousarray(part) for name, part in parts.items()}, path)

    @classmethod
    def load(cls, path: Path) -> "Meanings":
        """Read what `save` wrote."""
        parts = load_file(path)
        return cls(
            parts["basis"].astype(np.float32),
            _unit(parts["senses"].astype(np.float32)),
            parts["pairs"].astype(np.int32),
            int(parts["num_characters"][0]),
        )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
