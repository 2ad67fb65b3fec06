"""The forward process on the map, in closed form: a two-dimensional shadow of what happens to 16,384 pixels.

With n glyphs at standardised places c_i and weights w_i, smoothed by a kernel of bandwidth h, the density at t = 0 is
the kernel density estimate. Noise is added as in Ho et al. 2020 (equation 4), and the density stays a mixture of
Gaussians: q(x_t) = sum_i w_i N(x_t; sqrt(alpha_bar) c_i, (1 - alpha_bar) + alpha_bar h^2).

The page computes it in the browser (`ui/assets/density.js`); here it stands spelt out, exactly and on the grid, to read
and to check that by. `make map` takes the bandwidth from here.
"""

import numpy as np

GRID_LIMIT = 4.0
"""The grid reaches from minus to plus this many standard deviations on both axes."""


def mixture_std(alpha_bar: float, bandwidth: float) -> float:
    """Standard deviation of each Gaussian of q(x_t), on either axis."""
    return float(np.sqrt(1 - alpha_bar + alpha_bar * bandwidth**2))


def density(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, alpha_bar: float, bandwidth: float
) -> np.ndarray:
    """q(x_t), exactly.

    Args:
        points: float (points, 2), where it is asked for.
        centres: float (glyphs, 2), standardised places.
        weights: float (glyphs,), summing to 1.
        alpha_bar: alphas_cumprod at t; 1 before any noise.
        bandwidth: of the kernel.

    Returns:
        float (points,).
    """
    return _components(points, centres, weights, alpha_bar, bandwidth)[0].sum(axis=1)


def score(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, alpha_bar: float, bandwidth: float
) -> np.ndarray:
    """The gradient of log q(x_t): where a sample is pulled; arguments as in `density`.

    Returns:
        float (points, 2).
    """
    parts, pulls = _components(points, centres, weights, alpha_bar, bandwidth)
    return (parts[..., None] * pulls).sum(axis=1) / parts.sum(axis=1)[:, None]


def _components(points, centres, weights, alpha_bar, bandwidth):
    """Each Gaussian's share of the density (points, glyphs), and its own score (points, glyphs, 2)."""
    variance = mixture_std(alpha_bar, bandwidth) ** 2
    offsets = np.sqrt(alpha_bar) * centres[None] - points[:, None]
    gaussians = np.exp(-(offsets**2).sum(axis=-1) / (2 * variance)) / (2 * np.pi * variance)
    return gaussians * weights, offsets / variance


def grid_axis(size: int) -> np.ndarray:
    """The places of a grid's rows or columns: float (size,)."""
    return np.linspace(-GRID_LIMIT, GRID_LIMIT, size)


def bin_weights(centres: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """Spread each glyph's weight over the four grid points around it (linear binning, Wand 1994).

    Returns:
        float (size, size), rows along the second axis of the map, summing to the sum of the weights.
    """
    places = np.clip((centres + GRID_LIMIT) / (2 * GRID_LIMIT) * (size - 1), 0, size - 1.000001)
    low = places.astype(int)
    fraction = places - low
    binned = np.zeros((size, size))
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - fraction[:, 0]) * np.abs(1 - dy - fraction[:, 1])
            np.add.at(binned, (low[:, 1] + dy, low[:, 0] + dx), share * weights)
    return binned


def grid_density(binned: np.ndarray, alpha_bar: float, bandwidth: float) -> np.ndarray:
    """q(x_t) on a grid, from weights that were binned on it: two small matrix products, since Gaussians separate.

    Args:
        binned: from `bin_weights`.
        alpha_bar: alphas_cumprod at t.
        bandwidth: of the kernel; not below the grid's spacing. Linear binning has itself smoothed each axis by a
            variance of a sixth of the spacing squared, which is taken off.

    Returns:
        float (size, size), rows along the second axis.
    """
    axis = grid_axis(len(binned))
    std = mixture_std(alpha_bar, np.sqrt(bandwidth**2 - (axis[1] - axis[0]) ** 2 / 6))
    distances = (axis[:, None] - np.sqrt(alpha_bar) * axis[None]) / std
    kernel = np.exp(-(distances**2) / 2) / (np.sqrt(2 * np.pi) * std)
    return kernel @ binned @ kernel.T


def silverman_bandwidth(num_glyphs: int) -> float:
    """Silverman's rule for two standardised axes (Silverman 1986); too smooth for a map of islands."""
    return num_glyphs ** (-1 / 6)
