"""Defects of finished glyphs that anybody sees: nearly blank, grey, or run into a knot."""

from typing import Literal

import numpy as np

Defect = Literal["blank", "grey", "knotted"]

MIN_INK, MAX_INK = 0.06, 0.36
"""Shares of pixels darker than middle grey. Of the 20,592 real glyphs one in a thousand has less than 0.0895, another
more than 0.3288; the least has 0.034 (a single stroke), the most 0.3478."""

MAX_GREY = 0.1
"""Share of pixels between a tenth and nine tenths of the way from ink to paper. Edges alone make up 0.0479 of the
median real glyph, and 0.0975 of the greyest."""

KNOT_SIZE = 19
"""Side in pixels of a square of nothing but ink. The widest strokes hold 17 in 8 of 10,000 real glyphs."""

INK_BELOW, DARKEST_GREY, LIGHTEST_GREY = 128, 26, 229
"""Of uint8 pixels, 0 ink and 255 paper."""


def defect_of(glyph: np.ndarray) -> Defect | None:
    """What is wrong with a glyph, if it lies outside of what real glyphs are like.

    Args:
        glyph: uint8 (128, 128), paper 255, ink 0.

    Returns:
        "grey" before "blank", since a pale glyph has little ink, too.
    """
    is_ink = glyph < INK_BELOW
    if ((glyph >= DARKEST_GREY) & (glyph <= LIGHTEST_GREY)).mean() > MAX_GREY:
        return "grey"
    if is_ink.mean() < MIN_INK:
        return "blank"
    return "knotted" if is_ink.mean() > MAX_INK or _has_knot(is_ink) else None


def _has_knot(is_ink: np.ndarray) -> bool:
    """Whether a square of `KNOT_SIZE` is all ink, from sums over all squares (summed-area table, Crow 1984)."""
    sums = np.pad(is_ink.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    k = KNOT_SIZE
    squares = sums[k:, k:] - sums[:-k, k:] - sums[k:, :-k] + sums[:-k, :-k]
    return bool((squares == k * k).any())
