"""The whole new, the parts real: how far glyphs are from the nearest real ones, as wholes and by halves."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

COPY_QUANTILE = 0.01
"""A glyph nearer to a real one than this share of real ones is to their nearest is a copy."""

COPY_RATIO = 1 / 3
"""So is one whose nearest real glyph is this much nearer than the second (Yoon et al. 2023)."""

HALF_QUANTILE = 0.9
SIDE = 32


@dataclass(frozen=True)
class Neighbours:
    """What lies near each of some glyphs.

    Attributes:
        nearest: int64 (glyphs,), index of the nearest real glyph.
        first: float32 (glyphs,), distance to it.
        second: float32 (glyphs,), distance to the second nearest.
        halves: float32 (glyphs,), distance of the worse half to its nearest real half.
    """

    nearest: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    halves: torch.Tensor


@dataclass(frozen=True)
class Novelty:
    """How new the glyphs are, next to how far real ones are from each other.

    Attributes:
        nearest_median: median distance to the nearest real glyph.
        real_nearest_median: the same for real glyphs and the others.
        below_quantile: share nearer than the real glyphs' 1st percentile.
        below_ratio: share with the nearest less than a third as far as the second.
        copies: share of which one or the other holds.
        real_copies: the same for real glyphs.
        halves_inside: share whose halves are no further from real halves than the real glyphs' 90th percentile.
    """

    nearest_median: float
    real_nearest_median: float
    below_quantile: float
    below_ratio: float
    copies: float
    real_copies: float
    halves_inside: float


def to_points(x_0: torch.Tensor) -> torch.Tensor:
    """What is compared: glyphs averaged to 32×32 and blurred, so that a stroke a little aside is still the same.

    Args:
        x_0: float (batch, 1, 128, 128) in [-1, 1].

    Returns:
        float32 (batch, 32, 32).
    """
    small = F.avg_pool2d(x_0.float(), x_0.shape[-1] // SIDE)
    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line).view(1, 1, 3, 3)
    return F.conv2d(F.pad(small, (1, 1, 1, 1), value=1.0), kernel)[:, 0]


def neighbours(points: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None = None) -> Neighbours:
    """Find what is near; distances are root mean squares of grey differences, paper to ink being 2.

    Args:
        points: (glyphs, 32, 32) from `to_points`.
        real: (real glyphs, 32, 32).
        own: int64 (glyphs,), where `points` are real themselves, the index of each, which is left out.
    """
    first_two = [_distances(p, real, o).topk(2, largest=False) for p, o in _batches(points, own)]
    first, second = torch.cat([found.values for found in first_two]).unbind(dim=1)
    nearest = torch.cat([found.indices[:, 0] for found in first_two])
    middle = SIDE // 2
    left, right = (slice(None), slice(None), slice(middle)), (slice(None), slice(None), slice(middle, None))
    top, bottom = (slice(None), slice(middle)), (slice(None), slice(middle, None))
    worse = [
        torch.maximum(*(_nearest_half(points, real, own, half) for half in split))
        for split in ((left, right), (top, bottom))
    ]
    return Neighbours(nearest, first, second, torch.minimum(*worse))


def novelty(generated: Neighbours, real: Neighbours) -> Novelty:
    """Compare glyphs with real ones, both with their neighbours among the real ones."""
    limit = real.first.quantile(COPY_QUANTILE)
    is_near = generated.first < limit
    is_near_alone = generated.first < COPY_RATIO * generated.second
    return Novelty(
        nearest_median=float(generated.first.median()),
        real_nearest_median=float(real.first.median()),
        below_quantile=_share(is_near),
        below_ratio=_share(is_near_alone),
        copies=_share(is_near | is_near_alone),
        real_copies=_share((real.first < limit) | (real.first < COPY_RATIO * real.second)),
        halves_inside=_share(generated.halves <= real.halves.quantile(HALF_QUANTILE)),
    )


def _nearest_half(points: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None, half: tuple) -> torch.Tensor:
    halves = real[half]
    return torch.cat([_distances(p[half], halves, o).amin(dim=1) for p, o in _batches(points, own)])


def _batches(points: torch.Tensor, own: torch.Tensor | None, size: int = 500):
    for start in range(0, len(points), size):
        yield points[start : start + size], None if own is None else own[start : start + size]


def _distances(points: torch.Tensor, real: torch.Tensor, own: torch.Tensor | None) -> torch.Tensor:
    """(glyphs, real glyphs); infinite to oneself."""
    points, real = points.flatten(1), real.flatten(1)
    found = torch.cdist(points, real) / points.shape[1] ** 0.5
    if own is not None:
        found[torch.arange(len(points)), own] = torch.inf
    return found


def _share(condition: torch.Tensor) -> float:
    return float(condition.float().mean())
