"""Principal components of the real glyphs, and the nearest real glyphs by Euclidean distance between components.

The map and the newness measure both use them. Products and distances are computed by torch: NumPy's threads keep
spinning after a product and take the cores from the network, and a run asks for nearest glyphs at every frame.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from glyffuser.checkpoint import CHECKPOINTS

DEFAULT_PROJECTION = CHECKPOINTS / "map" / "projection.safetensors"

NUM_COMPONENTS = 64
"""Components that are kept; they explain two thirds of the variance, which tests/test_projection.py measures."""

PICTURE_SIZE = 32
"""Side of the averaged pictures whose components are found, in pixels."""

NUM_NEIGHBOURS = 8
INT8_MAX = 127

BATCH_SIZE = 500
"""Glyphs compared with all real ones at a time: 41 MB of distances."""


class ProjectionError(OSError):
    """A projection that cannot be read; the message says which file and what to do."""


def average_pictures(x_0: torch.Tensor) -> np.ndarray:
    """Average glyphs (batch, 1, 128, 128) in [-1, 1] to 32x32 pixels: float32 (batch, 1024)."""
    return F.avg_pool2d(x_0.float(), x_0.shape[-1] // PICTURE_SIZE).flatten(1).cpu().numpy()


@dataclass(frozen=True)
class Projection:
    """Principal components of all real glyphs.

    Attributes:
        mean: float32 (1024,), the mean glyph, averaged to 32x32 pixels.
        components: float32 (64, 1024), orthonormal rows.
        coordinates: float32 (glyphs, 64), of the real glyphs.
    """

    mean: np.ndarray
    components: np.ndarray
    coordinates: np.ndarray

    @classmethod
    def fit(cls, pictures: np.ndarray) -> "Projection":
        """Find the components of pictures (glyphs, 1024); the largest entry of each component is positive."""
        mean = pictures.mean(axis=0)
        covariance = np.cov((pictures - mean).T)
        _, vectors = np.linalg.eigh(covariance)
        components = vectors[:, ::-1][:, :NUM_COMPONENTS].T
        largest = np.abs(components).argmax(axis=1)
        components = components * np.sign(components[np.arange(len(components)), largest])[:, None]
        components = components.astype(np.float32)
        return cls(mean, components, (pictures - mean) @ components.T)

    def project(self, x_0: torch.Tensor) -> np.ndarray:
        """Compute the components of glyphs (batch, 1, 128, 128) in [-1, 1]: float32 (batch, 64)."""
        deviations = torch.from_numpy(average_pictures(x_0) - self.mean)
        return (deviations @ torch.from_numpy(self.components).T).numpy()

    def nearest(
        self, coordinates: np.ndarray, count: int = NUM_NEIGHBOURS, excluded: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest real glyphs.

        Args:
            coordinates: float32 (batch, 64).
            count: number of real glyphs to find.
            excluded: int64 (batch,), for each row the index of one real glyph that is left out: itself, where the rows
                are real glyphs.

        Returns:
            Indices int64 (batch, count), nearest first, and distances float32 of the same shape.
        """
        indices, distances = [], []
        for start in range(0, len(coordinates), BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            found = self._distances(coordinates[rows], None if excluded is None else excluded[rows])
            nearest = found.topk(count, largest=False)
            indices.append(nearest.indices.numpy())
            distances.append(nearest.values.numpy())
        return np.concatenate(indices), np.concatenate(distances)

    def neighbours(self, index: int, count: int = NUM_NEIGHBOURS) -> list[int]:
        """Find the real glyphs nearest to a real one, nearest first, itself left out."""
        own = np.array([index])
        indices, _ = self.nearest(self.coordinates[own], count, excluded=own)
        return indices[0].tolist()

    def _distances(self, coordinates: np.ndarray, excluded: np.ndarray | None) -> torch.Tensor:
        """Distances to all real glyphs, float32 (batch, glyphs); infinite to an excluded one."""
        exact = "donot_use_mm_for_euclid_dist"  # the distance of a real glyph from itself is exactly 0
        distances = torch.cdist(torch.from_numpy(coordinates), torch.from_numpy(self.coordinates), compute_mode=exact)
        if excluded is not None:
            distances[torch.arange(len(coordinates)), torch.from_numpy(excluded)] = torch.inf
        return distances

    def save(self, path: Path) -> None:
        """Write the file: coordinates as int8 with one scale per component, the rest as float32."""
        scale = np.abs(self.coordinates).max(axis=0) / INT8_MAX
        quantised = np.round(self.coordinates / scale).astype(np.int8)
        parts = {"mean": self.mean, "components": self.components, "scale": scale, "coordinates": quantised}
        save_file({name: np.ascontiguousarray(part) for name, part in parts.items()}, path)

    @classmethod
    def load(cls, path: Path = DEFAULT_PROJECTION) -> "Projection":
        """Read the file that `save` wrote.

        Raises:
            ProjectionError: if the file is missing or damaged.
        """
        try:
            parts = load_file(path)
            return cls(parts["mean"], parts["components"], parts["coordinates"].astype(np.float32) * parts["scale"])
        except (OSError, SafetensorError, KeyError) as error:
            raise ProjectionError(
                f"principal components {path} cannot be read ({error}): restore them with `git checkout -- {path}` "
                f"or run `make map`"
            ) from error
