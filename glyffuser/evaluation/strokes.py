"""Are strokes finished and is the paper clean?"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

BLANK_INK = 0.02
"""A glyph with less ink than this is blank."""

GREY = 0.8
"""Between -0.8 and 0.8, a tenth off black and off white, a pixel is neither ink nor paper."""

PAPER_MARGIN = 2
"""Pixels around ink that are not counted as bare paper."""


@dataclass(frozen=True)
class Strokes:
    """What glyphs are made of; shares in [0, 1].

    Attributes:
        ink: pixels darker than middle grey.
        grey: pixels that are neither ink nor paper: edges, and strokes left unfinished.
        speckle: pixels of bare paper that are grey.
        paper_tint: how dark bare paper is on average, 0 white, 1 black.
        blanks: glyphs without ink.
    """

    ink: float
    grey: float
    speckle: float
    paper_tint: float
    blanks: float


def strokes(x_0: torch.Tensor) -> Strokes:
    """Look at glyphs: float (batch, 1, 128, 128) in [-1, 1]."""
    is_ink = (x_0 < 0).float()
    is_bare = F.max_pool2d(is_ink, 2 * PAPER_MARGIN + 1, stride=1, padding=PAPER_MARGIN) == 0
    bare = x_0[is_bare] if is_bare.any() else torch.ones(1)  # with ink everywhere there is no paper to blame
    return Strokes(
        ink=float(is_ink.mean()),
        grey=float((x_0.abs() < GREY).float().mean()),
        speckle=float((bare < GREY).float().mean()),
        paper_tint=float((1 - bare).mean() / 2),
        blanks=float((is_ink.mean(dim=(1, 2, 3)) < BLANK_INK).float().mean()),
    )
