"""The ONNX runtime for browsers is the published one."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from glyffuser.ui.components.own_device.vendor import RUNTIME, read_file, read_hashes, stored_path, write_runtime

ROOT = Path(__file__).parents[1]


def test_every_file_is_there_and_has_its_hash():
    hashes = read_hashes()
    assert {name: hashlib.sha256(read_file(name)).hexdigest() for name in hashes} == hashes
    assert {path.name for path in RUNTIME.iterdir()} == {stored_path(name).name for name in hashes} | {"SHA256SUMS"}


def test_its_licence_is_shipped():
    assert "Microsoft" in (ROOT / "LICENSES" / "MIT-onnxruntime.txt").read_text(encoding="utf-8")


def archive_of(path: Path, content: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/dist/a.wasm")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return path


def test_files_are_taken_out_of_the_archive_and_checked(tmp_path):
    digest = hashlib.sha256(b"code").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  a.wasm\n")
    write_runtime(archive_of(tmp_path / "good.tgz", b"code"), tmp_path)
    assert read_file("a.wasm", tmp_path) == b"code" and (tmp_path / "a.wasm.gz").is_file()
    with pytest.raises(ValueError, match="not .* as in SHA256SUMS"):
        write_runtime(archive_of(tmp_path / "bad.tgz", b"other code"), tmp_path)
    assert read_file("a.wasm", tmp_path) == b"code"
