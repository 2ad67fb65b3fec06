"""Forward diffusion of the map in closed form: density and score at every noise level.

The density at t = 0 is a kernel density estimate: glyphs i at standardised positions c_i with weights w_i, smoothed by
a Gaussian kernel of bandwidth h. With noise (Ho et al. 2020, equation 4) it stays a mixture of Gaussians:

    q(x_t) = sum_i w_i N(x_t; sqrt(alpha_bar) c_i, (1 - alpha_bar) + alpha_bar h^2)

The page computes it in the browser (`glyffuser/ui/components/glyph_map/density.js`). This module is the reference that
the browser's results are tested against, exact and on a grid; `make map` takes the bandwidth from it.
"""

import numpy as np

GRID_LIMIT = 4.0
"""The grid extends from minus to plus this many standard deviations on both axes."""


def mixture_std(alpha_bar: float, bandwidth: float) -> float:
    """Standard deviation of each Gaussian of q(x_t), on either axis."""
    return float(np.sqrt(1 - alpha_bar + alpha_bar * bandwidth**2))


def density(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, alpha_bar: float, bandwidth: float
) -> np.ndarray:
    """Compute q(x_t) exactly.

    Args:
        points: float (points, 2), positions x_t.
        centres: float (glyphs, 2), standardised positions of the glyphs.
        weights: float (glyphs,), summing to 1.
        alpha_bar: alphas_cumprod at t; 1 without noise.
        bandwidth: bandwidth of the kernel.

    Returns:
        float (points,).
    """
    components, _ = _mixture_components(points, centres, weights, alpha_bar, bandwidth)
    return components.sum(axis=1)


def score(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, alpha_bar: float, bandwidth: float
) -> np.ndarray:
    """Compute the score, the gradient of log q(x_t); arguments as of `density`.

    Returns:
        float (points, 2).
    """
    components, scores = _mixture_components(points, centres, weights, alpha_bar, bandwidth)
    return (components[..., None] * scores).sum(axis=1) / components.sum(axis=1)[:, None]


def _mixture_components(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, alpha_bar: float, bandwidth: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted density of each Gaussian (points, glyphs), and the score of each Gaussian (points, glyphs, 2)."""
    variance = mixture_std(alpha_bar, bandwidth) ** 2
    offsets = np.sqrt(alpha_bar) * centres[None] - points[:, None]
    gaussians = np.exp(-(offsets**2).sum(axis=-1) / (2 * variance)) / (2 * np.pi * variance)
    return gaussians * weights, offsets / variance


def grid_axis(size: int) -> np.ndarray:
    """Coordinates of the grid's rows or columns: float (size,)."""
    return np.linspace(-GRID_LIMIT, GRID_LIMIT, size)


def bin_weights(centres: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """Spread each glyph's weight over the four grid points around it (linear binning, Wand 1994).

    Returns:
        float (size, size), rows along the second axis of the map, summing to the sum of the weights.
    """
    # the last grid point belongs to the cell before it, so that every position has a next grid point
    cells = np.clip((centres + GRID_LIMIT) / (2 * GRID_LIMIT) * (size - 1), 0, size - 1.000001)
    low = cells.astype(int)
    fraction = cells - low
    binned = np.zeros((size, size))
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - fraction[:, 0]) * np.abs(1 - dy - fraction[:, 1])
            np.add.at(binned, (low[:, 1] + dy, low[:, 0] + dx), share * weights)
    return binned


def grid_density(binned: np.ndarray, alpha_bar: float, bandwidth: float) -> np.ndarray:
    """Compute q(x_t) on a grid: two matrix products, since a Gaussian is the product of one function per axis.

    Args:
        binned: weights from `bin_weights`.
        alpha_bar: alphas_cumprod at t; 1 without noise.
        bandwidth: bandwidth of the kernel, not below the grid's spacing. Linear binning has itself smoothed each axis
            by a variance of a sixth of the spacing squared, which is subtracted.

    Returns:
        float (size, size), rows along the second axis of the map.
    """
    axis = grid_axis(len(binned))
    std = mixture_std(alpha_bar, np.sqrt(bandwidth**2 - (axis[1] - axis[0]) ** 2 / 6))
    distances = (axis[:, None] - np.sqrt(alpha_bar) * axis[None]) / std
    kernel = np.exp(-(distances**2) / 2) / (np.sqrt(2 * np.pi) * std)
    return kernel @ binned @ kernel.T


def silverman_bandwidth(num_glyphs: int) -> float:
    """Bandwidth by Silverman's rule for two standardised axes (1986); too smooth for a map of many clusters."""
    return num_glyphs ** (-1 / 6)
