"""Where a glyph that is not on the map belongs: its principal components, and the real glyphs nearest by them.

What is asked for every frame of a run is computed by torch: numpy's threads go on spinning after a product, and take
the cores away from the network.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

NUM_COMPONENTS = 64
PICTURE_SIZE = 32
NUM_NEIGHBOURS = 8
QUANTISATION = 127


def small_pictures(x_0: torch.Tensor) -> np.ndarray:
    """Glyphs (batch, 1, 128, 128) in [-1, 1] averaged to 32 by 32 pixels: float32 (batch, 1024)."""
    return F.avg_pool2d(x_0.float(), x_0.shape[-1] // PICTURE_SIZE).flatten(1).cpu().numpy()


@dataclass(frozen=True)
class Projection:
    """The principal components of all real glyphs.

    Attributes:
        mean: float32 (1024,), the mean glyph, averaged to 32 by 32 pixels.
        components: float32 (64, 1024), orthonormal rows.
        coordinates: float32 (glyphs, 64), of the real glyphs.
    """

    mean: np.ndarray
    components: np.ndarray
    coordinates: np.ndarray

    @classmethod
    def fit(cls, pictures: np.ndarray) -> "Projection":
        """Find the components of pictures (glyphs, 1024); each one's largest entry is positive."""
        mean = pictures.mean(axis=0)
        covariance = np.cov((pictures - mean).T)
        _, vectors = np.linalg.eigh(covariance)
        components = vectors[:, ::-1][:, :NUM_COMPONENTS].T
        largest = np.abs(components).argmax(axis=1)
        components = components * np.sign(components[np.arange(len(components)), largest])[:, None]
        components = components.astype(np.float32)
        return cls(mean, components, (pictures - mean) @ components.T)

    def project(self, x_0: torch.Tensor) -> np.ndarray:
        """Components of glyphs (batch, 1, 128, 128): float32 (batch, 64)."""
        deviations = torch.from_numpy(small_pictures(x_0) - self.mean)
        return (deviations @ torch.from_numpy(self.components).T).numpy()

    def nearest(self, coordinates: np.ndarray, count: int = NUM_NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
        """The real glyphs nearest by their components.

        Args:
            coordinates: float32 (batch, 64).
            count: how many.

        Returns:
            Indices int64 (batch, count), nearest first, and distances float32 of the same shape.
        """
        exact = "donot_use_mm_for_euclid_dist"  # a real glyph lies at distance 0 from itself
        distances = torch.cdist(torch.from_numpy(coordinates), torch.from_numpy(self.coordinates), compute_mode=exact)
        nearest = distances.topk(count, largest=False)
        return nearest.indices.numpy(), nearest.values.numpy()

    def neighbours(self, index: int, count: int = NUM_NEIGHBOURS) -> list[int]:
        """The real glyphs nearest to a real one, nearest first, itself left out."""
        indices, _ = self.nearest(self.coordinates[index : index + 1], count + 1)
        return [int(other) for other in indices[0] if other != index][:count]

    def place(self, x_0: torch.Tensor, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where glyphs belong on the map: among their nearest real glyphs, the nearer the more.

        Args:
            x_0: float (batch, 1, 128, 128) in [-1, 1].
            positions: float32 (glyphs, 2), of the real glyphs on the map.

        Returns:
            float32 (batch, 2), and the index of the nearest real glyph, int64 (batch,).
        """
        indices, distances = self.nearest(self.project(x_0))
        weights = 1 / (distances + 0.05) ** 2  # a glyph that is real lies where it is
        weights /= weights.sum(axis=1, keepdims=True)
        return (positions[indices] * weights[..., None]).sum(axis=1), indices[:, 0]

    def save(self, path: Path) -> None:
        """Write it, the coordinates as whole numbers with one scale a component."""
        scale = np.abs(self.coordinates).max(axis=0) / QUANTISATION
        quantised = np.round(self.coordinates / scale).astype(np.int8)
        parts = {"mean": self.mean, "components": self.components, "scale": scale, "coordinates": quantised}
        save_file({name: np.ascontiguousarray(part) for name, part in parts.items()}, path)

    @classmethod
    def load(cls, path: Path) -> "Projection":
        """Read what `save` wrote."""
        parts = load_file(path)
        return cls(parts["mean"], parts["components"], parts["coordinates"].astype(np.float32) * parts["scale"])
