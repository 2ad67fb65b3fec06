"""Copies among a set of glyphs, by the definition of `glyffuser.newness`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glyffuser.newness import Newness


@dataclass(frozen=True)
class CopyRates:
    """How many glyphs of a set copy a real one; shares in [0, 1].

    Attributes:
        nearest_median: median distance to the nearest real glyph.
        by_distance: share that is nearer to its nearest real glyph than 99 % of real glyphs are to theirs.
        by_ratio: share whose nearest real glyph is less than a third as far as the second.
        copies: share of copies, by either criterion.
    """

    nearest_median: float
    by_distance: float
    by_ratio: float
    copies: float


def copy_rates(glyphs: Sequence[Newness]) -> CopyRates:
    """Summarise the newness of a set of glyphs."""
    return CopyRates(
        nearest_median=float(np.median([glyph.distance for glyph in glyphs])),
        by_distance=float(np.mean([glyph.is_too_near for glyph in glyphs])),
        by_ratio=float(np.mean([glyph.is_near_to_one_alone for glyph in glyphs])),
        copies=float(np.mean([glyph.is_copy for glyph in glyphs])),
    )
