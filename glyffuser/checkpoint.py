"""Where a checkpoint lies, and whether its files are whole."""

import hashlib
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open

DEFAULT_CHECKPOINT = Path(__file__).parents[1] / "checkpoints" / "glyffuser"

_WEIGHTS = "diffusion_pytorch_model.safetensors"
_FILES = (
    "model_index.json",
    "unet/config.json",
    f"unet/{_WEIGHTS}",
    "glyph_prior/config.json",
    f"glyph_prior/{_WEIGHTS}",
    "scheduler/scheduler_config.json",
)


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message says which file and what to do."""


def checkpoint_folder() -> Path:
    """The folder named by GLYFFUSER_CHECKPOINT, else the shipped one."""
    return Path(os.environ.get("GLYFFUSER_CHECKPOINT") or DEFAULT_CHECKPOINT)


def check_files(folder: Path) -> None:
    """See that every file is there, and that a cut-off download or an LFS pointer is named for what it is.

    Raises:
        CheckpointError: if a file is missing or its weights cannot be opened.
    """
    for path in (folder / file for file in _FILES):
        if not path.is_file():
            raise CheckpointError(f"checkpoint file {path} is missing: {remedy(folder)}")
        if path.name == _WEIGHTS:
            _check_weights(path)


def remedy(folder: Path) -> str:
    """What to do about a checkpoint that cannot be used."""
    return f"restore it with `git checkout -- {folder}` or give another folder in GLYFFUSER_CHECKPOINT"


def _check_weights(path: Path) -> None:
    try:
        with safe_open(path, framework="pt"):
            pass
    except SafetensorError as error:
        raise CheckpointError(
            f"checkpoint file {path} is damaged or only a Git LFS pointer: fetch it again "
            f"(`git lfs pull` or `git checkout -- {path}`)"
        ) from error


def checkpoint_fingerprint(folder: Path) -> str:
    """12 hexadecimal digits over the files that decide pixels."""
    digest = hashlib.sha256()
    for file in _FILES:
        digest.update(f"{file}\n".encode())
        digest.update(hashlib.sha256((folder / file).read_bytes()).digest())
    return digest.hexdigest()[:12]
