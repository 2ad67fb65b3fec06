"""Is a glyph new? How near the nearest real glyphs are to it, next to how near real glyphs are to one another."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from glyffuser.map.projection import Projection

NUM_NEAREST = 5
NUM_COMPARED = 1000
"""Real glyphs that stand for all of them; shares are right to within three in a hundred."""

COPY_SHARE = 0.01
COPY_RATIO = 1 / 3
VARIANT_SHARE = 0.1


@dataclass(frozen=True)
class Likeness:
    """What a glyph looks most like.

    Attributes:
        nearest: indices of the real glyphs nearest to it, nearest first.
        share: of real glyphs, how many are nearer to their own nearest than it is to its nearest, from 0 to 1.
        is_copy: nearer than all but one in a hundred are, or three times nearer to one than to any other (Yoon et al.
            2023): nothing that could be told from it.
        is_variant: no copy, but nearer than nine in ten are.
    """

    nearest: list[int]
    share: float
    is_copy: bool
    is_variant: bool


class Newness:
    """Says how new glyphs are, by their principal components."""

    def __init__(self, projection: Projection) -> None:
        """
        Args:
            projection: of all real glyphs.
        """
        self._projection = projection

    @cached_property
    def usual(self) -> np.ndarray:
        """Distances of real glyphs to their nearest, in order; found when they are first needed, not at the start."""
        count = len(self._projection.coordinates)
        compared = np.random.default_rng(0).choice(count, min(NUM_COMPARED, count), replace=False)
        _, distances = self._projection.nearest(self._projection.coordinates[compared], 2)
        return np.sort(distances[:, 1])  # the first is its own

    def __call__(self, x_0: torch.Tensor) -> list[Likeness]:
        """What glyphs (batch, 1, 128, 128) in [-1, 1] look most like, one answer each."""
        indices, distances = self._projection.nearest(self._projection.project(x_0), NUM_NEAREST)
        return [self._likeness(*found) for found in zip(indices.tolist(), distances, strict=True)]

    def _likeness(self, nearest: list[int], distances: np.ndarray) -> Likeness:
        share = float(np.searchsorted(self.usual, distances[0]) / len(self.usual))
        is_copy = share < COPY_SHARE or distances[0] < COPY_RATIO * distances[1]
        return Likeness(nearest, share, bool(is_copy), not is_copy and share < VARIANT_SHARE)
