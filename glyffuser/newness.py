"""Newness of glyphs: their distance to the nearest real glyph, compared with the distances between real glyphs.

This is the only definition of "copy" and "variant": the page and the score sheet both use it. Distances are those of
`glyffuser.projection`, Euclidean between principal components.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from glyffuser.projection import Projection

NUM_NEAREST = 5
"""Nearest real glyphs of each result."""

NUM_COMPARED = 1000
"""Real glyphs that the page compares with. The standard error of a share of 1,000 is at most 0.016. To find the nearest
glyphs of 1,000 takes 0.5 s on two cores; of all 20,592, 12 s."""

COPY_SHARE = 0.01
"""A glyph is a copy if less than this share of real glyphs are nearer to their nearest than it is to its nearest."""

COPY_RATIO = 1 / 3
"""A glyph is also a copy if its nearest real glyph is less than this share as far as the second (Yoon et al. 2023)."""

VARIANT_SHARE = 0.1
"""As `COPY_SHARE`, for variants."""


@dataclass(frozen=True)
class Newness:
    """How new one glyph is.

    Attributes:
        nearest: indices of the real glyphs nearest to it, nearest first.
        distance: distance to the nearest real glyph.
        second_distance: distance to the second nearest.
        share: share of real glyphs that are nearer to their own nearest than this glyph is to its nearest, in [0, 1].
    """

    nearest: list[int]
    distance: float
    second_distance: float
    share: float

    @property
    def is_too_near(self) -> bool:
        """Whether it is nearer to its nearest real glyph than 99 % of real glyphs are to theirs."""
        return self.share < COPY_SHARE

    @property
    def is_near_to_one_alone(self) -> bool:
        """Whether its nearest real glyph is less than a third as far as the second (Yoon et al. 2023)."""
        return self.distance < COPY_RATIO * self.second_distance

    @property
    def is_copy(self) -> bool:
        """Whether it copies a real glyph, by either criterion."""
        return self.is_too_near or self.is_near_to_one_alone

    @property
    def is_variant(self) -> bool:
        """Whether it is no copy, but nearer to its nearest real glyph than 90 % of real glyphs are to theirs."""
        return not self.is_copy and self.share < VARIANT_SHARE


class NewnessMeasure:
    """Measures how new glyphs are.

    Args:
        projection: principal components of all real glyphs.
        num_compared: number of real glyphs, chosen at random, whose distances to their nearest are compared with;
            None compares with all of them.
    """

    def __init__(self, projection: Projection, num_compared: int | None = NUM_COMPARED) -> None:
        self._projection = projection
        self._num_compared = num_compared

    def __call__(self, x_0: torch.Tensor) -> list[Newness]:
        """Measure glyphs (batch, 1, 128, 128) in [-1, 1]: one result per glyph."""
        return self._measured(*self._projection.nearest(self._projection.project(x_0), NUM_NEAREST))

    def of_real_glyphs(self) -> list[Newness]:
        """Measure the compared real glyphs themselves, each against all other real glyphs."""
        return self._measured(*self._compared)

    @cached_property
    def real_distances(self) -> np.ndarray:
        """Distances of the compared real glyphs to their nearest, ascending: float32 (compared,)."""
        _, distances = self._compared
        return np.sort(distances[:, 0])

    @cached_property
    def _compared(self) -> tuple[np.ndarray, np.ndarray]:
        """Nearest others of the compared real glyphs; found at first use, so that the page starts without it."""
        coordinates = self._projection.coordinates
        chosen = np.arange(len(coordinates))
        if self._num_compared is not None and self._num_compared < len(coordinates):
            chosen = np.random.default_rng(0).choice(len(coordinates), self._num_compared, replace=False)
        return self._projection.nearest(coordinates[chosen], NUM_NEAREST, excluded=chosen)

    def _measured(self, indices: np.ndarray, distances: np.ndarray) -> list[Newness]:
        shares = np.searchsorted(self.real_distances, distances[:, 0]) / len(self.real_distances)
        rows = zip(indices.tolist(), distances.tolist(), shares.tolist(), strict=True)
        return [Newness(nearest, first, second, share) for nearest, (first, second, *_), share in rows]
