"""Statistics of strokes and paper: unfinished strokes, grey paper, blank glyphs."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

MIN_INK = 0.02
"""A glyph with a smaller share of ink is blank."""

GREY = 0.8
"""Pixels between -0.8 and 0.8 are grey: a tenth or more of the way from ink to paper, or from paper to ink."""

PAPER_MARGIN = 2
"""Pixels this near to ink are not counted as bare paper."""


@dataclass(frozen=True)
class StrokeStats:
    """Statistics of a set of glyphs; shares in [0, 1].

    Attributes:
        ink: share of pixels darker than middle grey.
        grey: share of grey pixels: edges, and unfinished strokes.
        speckle: share of bare paper that is grey.
        paper_tint: mean darkness of bare paper, 0 white, 1 black.
        blanks: share of blank glyphs.
    """

    ink: float
    grey: float
    speckle: float
    paper_tint: float
    blanks: float


def stroke_stats(x_0: torch.Tensor) -> StrokeStats:
    """Measure glyphs, float (batch, 1, 128, 128) in [-1, 1]."""
    is_ink = (x_0 < 0).float()
    is_bare = F.max_pool2d(is_ink, 2 * PAPER_MARGIN + 1, stride=1, padding=PAPER_MARGIN) == 0
    bare = x_0[is_bare] if is_bare.any() else torch.ones(1)  # without bare paper there are no defects of it
    return StrokeStats(
        ink=float(is_ink.mean()),
        grey=float((x_0.abs() < GREY).float().mean()),
        speckle=float((bare < GREY).float().mean()),
        paper_tint=float((1 - bare).mean() / 2),
        blanks=float((is_ink.mean(dim=(1, 2, 3)) < MIN_INK).float().mean()),
    )
