"""The folder that the Map serves: what is in it, and whether it is whole."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from glyffuser.map.meanings import Meanings
from glyffuser.map.projection import Projection

DEFAULT_FOLDER = Path(__file__).parents[2] / "checkpoints" / "map"
MANIFEST = "manifest.json"
FORMAT = 1
"""Raised whenever what stands in the files changes its meaning."""

POSITIONS = "positions.bin"
TILES = "tiles.bin"
GLYPHS = "glyphs.json"
ISLANDS = "islands.json"
PROJECTION = "projection.safetensors"
MEANINGS = "meanings.safetensors"
POSITION_LIMIT = 4.0
"""Positions are whole numbers from 0 to 65535 between minus and plus this many standard deviations."""


class MapError(OSError):
    """A map that cannot be served; the message says which file and what to do."""


@dataclass(frozen=True)
class MapFiles:
    """A map, loaded.

    Attributes:
        folder: where it lies.
        manifest: versions, settings, figures and hashes.
        positions: float32 (glyphs, 2), standardised, in the order of the code points.
        projection: where other glyphs belong.
        meanings: which characters mean something near.
    """

    folder: Path
    manifest: dict
    positions: np.ndarray
    projection: Projection
    meanings: Meanings

    def place(self, x_0: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Where glyphs (batch, 1, 128, 128) in [-1, 1] belong: float32 (batch, 2), and the nearest real one's index."""
        return self.projection.place(x_0, self.positions)

    @classmethod
    def load(cls, folder: Path = DEFAULT_FOLDER) -> "MapFiles":
        """Read a map.

        Raises:
            MapError: if a file is missing or not the one that was built.
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


def read_manifest(folder: Path) -> dict:
    """The manifest of a map whose files are all there.

    Raises:
        MapError: if one is missing, or the manifest is damaged or that of another format.
    """
    path = folder / MANIFEST
    _check_there(path)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found, names = manifest["format"], list(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise MapError(f"map file {path} is damaged: {_remedy(folder)}") from error
    if found != FORMAT:
        raise MapError(f"map {folder} has format {found}, not {FORMAT}: {_remedy(folder)}")
    for name in names:
        _check_there(folder / name)
    return manifest


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise MapError(f"map file {path} is missing: {_remedy(path.parent)}")


def pack_positions(positions: np.ndarray) -> bytes:
    """Positions float (glyphs, 2) as little-endian uint16."""
    scaled = np.clip((positions + POSITION_LIMIT) / (2 * POSITION_LIMIT), 0, 1) * 65535
    return np.round(scaled).astype("<u2").tobytes()


def unpack_positions(raw: bytes) -> np.ndarray:
    """The inverse of `pack_positions`, to within 0.0001: float32 (glyphs, 2)."""
    whole = np.frombuffer(raw, "<u2").reshape(-1, 2)
    return (whole / 65535 * 2 * POSITION_LIMIT - POSITION_LIMIT).astype(np.float32)


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remedy(folder: Path) -> str:
    return f"restore it with `git checkout -- {folder}` or run `make map`"
