"""Location, completeness and identity of a checkpoint."""

import hashlib
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open


def _shipped_folder(package: Path) -> Path:
    """The folder `checkpoints`: inside an installed package, beside the package in a checkout of the repository."""
    inside = package / "checkpoints"
    return inside if inside.is_dir() else package.parent / "checkpoints"


CHECKPOINTS = _shipped_folder(Path(__file__).parent)
"""Folder of everything that ships trained or computed: glyffuser/, radicals/, map/ and examples/."""

DEFAULT_CHECKPOINT = CHECKPOINTS / "glyffuser"

_WEIGHTS = "diffusion_pytorch_model.safetensors"
_FILES = (
    "model_index.json",
    "unet/config.json",
    f"unet/{_WEIGHTS}",
    "glyph_prior/config.json",
    f"glyph_prior/{_WEIGHTS}",
    "scheduler/scheduler_config.json",
)
"""The files that decide a glyph; others in a checkpoint's folder do not."""


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message names the file and the remedy."""


def checkpoint_folder() -> Path:
    """The folder named by GLYFFUSER_CHECKPOINT, else the shipped one."""
    return Path(os.environ.get("GLYFFUSER_CHECKPOINT") or DEFAULT_CHECKPOINT)


def check_files(folder: Path) -> None:
    """Check that every file exists and that the weights are whole, not a cut-off download or a Git LFS pointer.

    Raises:
        CheckpointError: if a file is missing or its weights cannot be opened.
    """
    for path in _existing_files(folder):
        if path.name == _WEIGHTS:
            _check_weights(path)


def checkpoint_fingerprint(folder: Path) -> str:
    """Identity of a checkpoint: 12 hexadecimal digits over names and contents of the files that decide a glyph.

    Raises:
        CheckpointError: if one of these files is missing.
    """
    digest = hashlib.sha256()
    for name, path in zip(_FILES, _existing_files(folder), strict=True):
        digest.update(f"{name}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def remedy(folder: Path) -> str:
    """What to do about a checkpoint that cannot be used."""
    return f"restore it with `git checkout -- {folder}` or give another folder in GLYFFUSER_CHECKPOINT"


def unet_weights_path(folder: Path) -> Path:
    """The U-net's weights."""
    return folder / "unet" / _WEIGHTS


def graph_path(folder: Path) -> Path:
    """Where the U-net's ONNX graph belongs, which computes with the same weights in a browser."""
    return folder / "unet" / "unet.onnx"


def find_graph(folder: Path) -> Path:
    """The U-net's ONNX graph, if there is one for these very weights.

    Raises:
        CheckpointError: if it is missing or was made for other weights.
    """
    path, how = graph_path(folder), f"write it with `python -m glyffuser.training.onnx_graph {folder}`"
    if not path.is_file():
        raise CheckpointError(f"checkpoint file {path} is missing: {how}")
    if file_sha256(unet_weights_path(folder)).encode() not in path.read_bytes():
        raise CheckpointError(f"checkpoint file {path} was made for other weights: {how}")
    return path


def file_sha256(path: Path) -> str:
    """Hash of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _existing_files(folder: Path) -> list[Path]:
    paths = [folder / name for name in _FILES]
    for path in paths:
        if not path.is_file():
            raise CheckpointError(f"checkpoint file {path} is missing: {remedy(folder)}")
    return paths


def _check_weights(path: Path) -> None:
    try:
        with safe_open(path, framework="pt"):
            pass
    except SafetensorError as error:
        raise CheckpointError(
            f"checkpoint file {path} is damaged or only a Git LFS pointer: fetch it again "
            f"(`git lfs pull` or `git checkout -- {path}`)"
        ) from error
