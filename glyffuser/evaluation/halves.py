"""Distance of a glyph's halves to the halves of real glyphs: whether a new glyph is made of real parts."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

HALF_QUANTILE = 0.9
"""A glyph has real halves if they are as near to real halves as those of this share of real glyphs are."""

PICTURE_SIZE = 32
"""Side of the compared pictures in pixels."""

BATCH_SIZE = 500

_MIDDLE = PICTURE_SIZE // 2
_LEFT, _RIGHT = np.s_[:, :, :_MIDDLE], np.s_[:, :, _MIDDLE:]
_TOP, _BOTTOM = np.s_[:, :_MIDDLE], np.s_[:, _MIDDLE:]
SPLITS = ((_LEFT, _RIGHT), (_TOP, _BOTTOM))


def blurred_pictures(x_0: torch.Tensor) -> torch.Tensor:
    """Average glyphs to 32x32 pixels and blur them, so that a slightly shifted stroke is still near.

    Args:
        x_0: float (batch, 1, 128, 128) in [-1, 1].

    Returns:
        float32 (batch, 32, 32).
    """
    small = F.avg_pool2d(x_0.float(), x_0.shape[-1] // PICTURE_SIZE)
    binomial = torch.tensor([0.25, 0.5, 0.25])
    kernel = (binomial[:, None] * binomial).view(1, 1, 3, 3)
    return F.conv2d(F.pad(small, (1, 1, 1, 1), value=1.0), kernel)[:, 0]


def half_distances(pictures: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None = None) -> torch.Tensor:
    """Measure how far the halves of glyphs are from real halves.

    A glyph is split into left and right, and into top and bottom. The distance of a split is that of the half which is
    farther from its nearest real half; the glyph's distance is that of the nearer split.

    Args:
        pictures: (glyphs, 32, 32) from `blurred_pictures`.
        real: (real glyphs, 32, 32), likewise.
        own: int64 (glyphs,), where the pictures are of real glyphs: the index of each in `real`, which is left out.

    Returns:
        float32 (glyphs,): root mean squares of grey differences, in which paper and ink differ by 2.
    """
    by_split = []
    for first, second in SPLITS:
        halves = (_nearest(pictures[half], real[half], own) for half in (first, second))
        by_split.append(torch.maximum(*halves))
    return torch.minimum(*by_split)


def real_halves_share(generated: torch.Tensor, real: torch.Tensor) -> float:
    """Share of glyphs whose halves are as near to real halves as those of nine in ten real glyphs are.

    Args:
        generated: (glyphs,) from `half_distances`.
        real: (real glyphs,), likewise.
    """
    return float((generated <= real.quantile(HALF_QUANTILE)).float().mean())


def _nearest(halves: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None) -> torch.Tensor:
    """Distance of each half to the nearest real half: float32 (glyphs,)."""
    return torch.cat(list(_nearest_by_batch(halves.flatten(1), real.flatten(1), own)))


def _nearest_by_batch(halves: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None) -> Iterator[torch.Tensor]:
    for start in range(0, len(halves), BATCH_SIZE):
        batch = halves[start : start + BATCH_SIZE]
        distances = torch.cdist(batch, real) / batch.shape[1] ** 0.5
        if own is not None:
            distances[torch.arange(len(batch)), own[start : start + BATCH_SIZE]] = torch.inf
        yield distances.amin(dim=1)
