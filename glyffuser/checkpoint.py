"""Location, completeness and identity of a checkpoint."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from diffusers import ModelMixin


def _shipped_folder(package: Path) -> Path:
    """The folder `checkpoints`: inside an installed package, beside the package in a checkout of the repository."""
    inside = package / "checkpoints"
    return inside if inside.is_dir() else package.parent / "checkpoints"


CHECKPOINTS = _shipped_folder(Path(__file__).parent)
"""Folder of everything that ships trained or computed: glyffuser/, glyffuser-fast/, radicals/, map/ and examples/."""

DEFAULT_CHECKPOINT = CHECKPOINTS / "glyffuser"
FAST_CHECKPOINT = CHECKPOINTS / "glyffuser-fast"
"""Distilled from the default one into four calls."""

_DOWNLOAD_ARGUMENTS = ("revision", "cache_dir", "token", "force_download", "local_files_only")
"""What diffusers and the Hub call by the same names."""

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
    return weights_path(folder, "unet")


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


def check_tensors(path: Path, expected: Mapping[str, Sequence[int]]) -> None:
    """Check that a weights file holds the tensors of its network: what lacks would be drawn at random or as zeros.

    Args:
        path: the weights.
        expected: shape of each tensor, by name.

    Raises:
        CheckpointError: naming the first tensor that is missing, has another shape, or is none of the network's.
    """
    with safe_open(path, framework="pt") as weights:
        found = {name: list(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    wrong = [f"lacks {name}" for name in expected if name not in found]
    wrong += [f"holds {name}, which the network has not" for name in found if name not in expected]
    wrong += [
        f"holds {name} of shape {found[name]} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != list(shape)
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more such faults)" if len(wrong) > 1 else ""
        raise CheckpointError(
            f"checkpoint file {path} does not fit the config.json beside it: it {wrong[0]}{more}; "
            f"{remedy(path.parent.parent)}"
        )


def check_network(folder: Path, part: str, network: type["ModelMixin"]) -> None:
    """Compare the weights of one part of a checkpoint, as `check_tensors`, with the network of its config.json.

    Args:
        folder: the checkpoint.
        part: "unet" or "glyph_prior".
        network: class of the network.
    """
    with torch.device("meta"):  # takes no memory
        empty = network.from_config(network.load_config(folder / part))
    shapes = {name: tensor.shape for name, tensor in empty.state_dict().items()}
    check_tensors(weights_path(folder, part), shapes)


def local_folder(name: str | Path, arguments: dict[str, Any]) -> Path:
    """The folder of that name, or a copy of the repository of that name on the Hub.

    Args:
        name: of a folder or a repository.
        arguments: of `from_pretrained`; those of the download are taken out if there is one.
    """
    if Path(name).is_dir():
        return Path(name)
    chosen = {key: arguments.pop(key) for key in _DOWNLOAD_ARGUMENTS if key in arguments}
    return Path(snapshot_download(str(name), **chosen))


def weights_path(folder: Path, part: str) -> Path:
    """The weights of one part of a checkpoint, "unet" or "glyph_prior"."""
    return folder / part / _WEIGHTS


def other_weights(folder: Path) -> Path | None:
    """Weights that `save_pretrained` wrote in another form: of a variant, in pieces or pickled."""
    for part in ("unet", "glyph_prior"):
        files = sorted((folder / part).glob("diffusion_pytorch_model*"))
        if files and not weights_path(folder, part).is_file():
            return files[0]
    return None


def _existing_files(folder: Path) -> list[Path]:
    if other := other_weights(folder):
        raise CheckpointError(
            f"checkpoint file {other} was saved as a variant, in pieces or pickled: load it with from_pretrained and "
            f"the same arguments, and save it again with save_pretrained(folder) and none"
        )
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
