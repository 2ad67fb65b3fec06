"""The manifest of everything that ships in `checkpoints`: a hash of each file, compared when the app starts.

Run `python -m glyffuser.shipped` after a file there has changed; commands that write one do so themselves.
"""

import argparse
import json
import sys
from pathlib import Path

from glyffuser.checkpoint import CHECKPOINTS, CheckpointError, file_sha256
from glyffuser.command import ends_in_one_line

MANIFEST = "manifest.json"
NOT_LOADED = (MANIFEST, "README.md")
"""Files at the top of the folder that have no hash."""

WRITE = "python -m glyffuser.shipped"


def check_shipped(folder: Path = CHECKPOINTS, without: str = "") -> None:
    """Compare all files with the manifest, 60 MB in 0.2 s.

    Args:
        folder: of everything that ships.
        without: a folder in it that is not used, such as the model's when another model is.

    Raises:
        CheckpointError: naming the first file that is missing or damaged, and the remedy.
    """
    for name, expected in _read(folder / MANIFEST).items():
        path = folder / name
        if without and name.startswith(f"{without}/"):
            continue
        if not path.is_file():
            raise CheckpointError(f"{path} is missing: {_remedy(path)}")
        if file_sha256(path) != expected:
            raise CheckpointError(f"{path} is damaged: {_remedy(path)}")


def manifest_of(folder: Path = CHECKPOINTS) -> dict[str, str]:
    """Hash of every file, by name relative to the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths if not path.name.startswith(".")]
    return {name: file_sha256(folder / name) for name in names if name not in NOT_LOADED}


def write_manifest(changed: Path, folder: Path = CHECKPOINTS) -> None:
    """Write the manifest anew if what has changed is one of the files that ship.

    Args:
        changed: a file or folder anywhere.
        folder: of everything that ships.
    """
    if changed.resolve().is_relative_to(folder.resolve()):
        content = json.dumps({"sha256": manifest_of(folder)}, indent=1)
        (folder / MANIFEST).write_text(f"{content}\n", encoding="utf-8", newline="\n")


def _read(path: Path) -> dict[str, str]:
    try:
        hashes = json.loads(path.read_text(encoding="utf-8"))["sha256"]
    except OSError as error:
        raise CheckpointError(f"{path} is missing: {_remedy(path)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {_remedy(path)}") from error
    if not isinstance(hashes, dict):
        raise CheckpointError(f"{path} is damaged: {_remedy(path)}")
    return hashes


def _remedy(path: Path) -> str:
    if path.is_relative_to(Path(__file__).parent):
        return "install the package again with `pip install --force-reinstall --no-deps`"
    return f"restore it with `git checkout -- {path}`, or run `{WRITE}` if you have changed it yourself"


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Write the manifest; returns the exit status."""
    argparse.ArgumentParser(prog=WRITE, description=__doc__.splitlines()[0]).parse_args(arguments)
    write_manifest(CHECKPOINTS, CHECKPOINTS)
    print(f"{CHECKPOINTS / MANIFEST}: {len(manifest_of(CHECKPOINTS))} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
