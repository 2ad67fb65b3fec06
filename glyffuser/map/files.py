"""The folder of map files that the page serves: its names, its format, its integrity check."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glyffuser.checkpoint import CHECKPOINTS
from glyffuser.map.meanings import Meanings
from glyffuser.projection import Projection

DEFAULT_FOLDER = CHECKPOINTS / "map"
MANIFEST = "manifest.json"
FORMAT = 1
"""Version of the file format; raised when the content of a file changes its meaning."""

POSITIONS = "positions.bin"
TILES = "tiles.bin"
GLYPHS = "glyphs.json"
ISLANDS = "islands.json"
PROJECTION = "projection.safetensors"
MEANINGS = "meanings.safetensors"

POSITION_LIMIT = 4.0
"""Positions are stored as uint16, from minus to plus this many standard deviations."""

DISTANCE_OFFSET = 0.05
"""Added to distances before they are inverted, so that a real glyph, at distance 0, gets nearly all of the weight."""


class MapError(OSError):
    """A map that cannot be served; the message says which file and what to do."""


@dataclass(frozen=True)
class MapFiles:
    """A loaded map.

    Attributes:
        folder: the folder that it was read from.
        manifest: versions, settings, figures and hashes.
        positions: float32 (glyphs, 2), standardised, in the order of the code points.
        projection: principal components of the real glyphs, in the same order.
        meanings: sense vectors of the definitions.
    """

    folder: Path
    manifest: dict[str, Any]
    positions: np.ndarray
    projection: Projection
    meanings: Meanings

    def locate(self, x_0: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Locate glyphs on the map: the mean position of the nearest real glyphs, weighted by inverse squared distance.

        Args:
            x_0: float (batch, 1, 128, 128) in [-1, 1].

        Returns:
            Positions float32 (batch, 2), and the index of the nearest real glyph, int64 (batch,).
        """
        indices, distances = self.projection.nearest(self.projection.project(x_0))
        weights = 1 / (distances + DISTANCE_OFFSET) ** 2
        weights /= weights.sum(axis=1, keepdims=True)
        return (self.positions[indices] * weights[..., None]).sum(axis=1), indices[:, 0]

    @classmethod
    def load(cls, folder: Path = DEFAULT_FOLDER) -> "MapFiles":
        """Read a map.

        Raises:
            MapError: if a file is missing, or its hash is not that of the manifest.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        for name, expected in manifest["files"].items():
            if sha256(folder / name) != expected:
                raise MapError(f"map file {folder / name} is damaged: {_remedy(folder)}")
        return cls(
            folder,
            manifest,
            unpack_positions((folder / POSITIONS).read_bytes()),
            Projection.load(folder / PROJECTION),
            Meanings.load(folder / MEANINGS),
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a map, and check that every file it names is there.

    Raises:
        MapError: if a file is missing, or the manifest is damaged or of another format.
    """
    path = folder / MANIFEST
    _check_exists(path)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found, names = manifest["format"], list(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise MapError(f"map file {path} is damaged: {_remedy(folder)}") from error
    if found != FORMAT:
        raise MapError(f"map {folder} has format {found}, not {FORMAT}: {_remedy(folder)}")
    for name in names:
        _check_exists(folder / name)
    return manifest


def _check_exists(path: Path) -> None:
    if not path.is_file():
        raise MapError(f"map file {path} is missing: {_remedy(path.parent)}")


def pack_positions(positions: np.ndarray) -> bytes:
    """Store positions, float (glyphs, 2), as little-endian uint16."""
    scaled = np.clip((positions + POSITION_LIMIT) / (2 * POSITION_LIMIT), 0, 1) * 65535
    return np.round(scaled).astype("<u2").tobytes()


def unpack_positions(raw: bytes) -> np.ndarray:
    """Invert `pack_positions`, to within 0.0001: float32 (glyphs, 2)."""
    stored = np.frombuffer(raw, "<u2").reshape(-1, 2)
    return (stored / 65535 * 2 * POSITION_LIMIT - POSITION_LIMIT).astype(np.float32)


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remedy(folder: Path) -> str:
    return f"restore it with `git checkout -- {folder}` or run `make map`"
