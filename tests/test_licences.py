"""Everything that comes from elsewhere is named in LICENSES/README.md, with its licence."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from figures import ROOT, tracked_files

TABLES = (ROOT / "LICENSES" / "README.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in TABLES.splitlines() if line.startswith("| ")]
FOREIGN_NAMES = (
    "*.esm.js *.min.js *.min.css *.bundle.js */vendor/* *.wasm *.onnx *.ttf *.otf *.woff *.woff2 *.jsonl *.safetensors "
    "*.bin *.webp"
).split()
FOREIGN_HEADER = re.compile(
    r"copyright \(c\)|©|@license|@copyright|spdx-license-identifier|licensed under", re.IGNORECASE
)
OURS = ("LICENSE", "LICENSES/*", "tests/*")


def paths_named() -> list[str]:
    """Paths in the first column; "the same" stands for the one above."""
    return [path for row in ROWS for path in re.findall(r"`([^`]+/[^`]+)`", row[0])]


def is_foreign(path: Path) -> bool:
    """Whether a file is, by its name or by what stands at its beginning, not written by us."""
    name = path.as_posix()
    if any(fnmatch(name, pattern) for pattern in OURS):
        return False
    beginning = (ROOT / path).read_bytes()[:2000].decode("utf-8", errors="ignore")
    return any(fnmatch(name, pattern) for pattern in FOREIGN_NAMES) or bool(FOREIGN_HEADER.search(beginning))


def test_every_foreign_file_is_named():
    foreign = [path.as_posix() for path in tracked_files() if is_foreign(path)]
    assert len(foreign) >= 5, "none were found"
    assert [name for name in foreign if not any(fnmatch(name, pattern) for pattern in paths_named())] == []


@pytest.mark.parametrize("pattern", paths_named())
def test_every_path_named_is_there(pattern):
    assert any(fnmatch(path.as_posix(), pattern) for path in tracked_files())


def test_every_row_has_an_origin_and_a_licence():
    texts = {path.name for path in (ROOT / "LICENSES").glob("*.txt")}
    assert all(len(row) == 4 and all(row) for row in ROWS)
    assert set(re.findall(r"`([\w.-]+\.txt)`", TABLES)) == texts


def test_packages_named_are_required():
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    packages = [name for row in ROWS for name in re.findall(r"^`([\w-]+)`$", row[0])]
    assert len(packages) >= 4
    assert [name for name in packages if not re.search(rf"^{name}\b", required, re.MULTILINE)] == []
