"""The manifest of what ships: it is up to date, and whatever is damaged ends the start."""

import json
import time

import pytest
from test_app import start_with

from glyffuser import shipped
from glyffuser.checkpoint import CHECKPOINTS, CheckpointError
from glyffuser.shipped import MANIFEST, check_shipped, main, manifest_of, write_manifest


@pytest.fixture
def folder(tmp_path):
    """A folder with a model and a map."""
    (tmp_path / "glyffuser").mkdir()
    (tmp_path / "glyffuser" / "weights").write_bytes(bytes(10_000))
    (tmp_path / "map.json").write_text("{}")
    (tmp_path / "README.md").write_text("# Weights")
    write_manifest(tmp_path / "map.json", tmp_path)
    return tmp_path


def test_the_manifest_is_that_of_the_files():
    """`python -m glyffuser.shipped` writes it."""
    assert json.loads((CHECKPOINTS / MANIFEST).read_text(encoding="utf-8"))["sha256"] == manifest_of()
    assert {name.split("/")[0] for name in manifest_of()} == {
        "examples",
        "glyffuser",
        "glyffuser-fast",
        "map",
        "radicals",
    }


def test_all_files_are_compared_in_under_a_second():
    check_shipped()
    start = time.process_time()
    check_shipped()
    assert time.process_time() - start < 1


def test_a_folder_as_it_was_written_passes_whatever_its_readme_says(folder):
    (folder / "README.md").write_text("# Other words")
    (folder / "another file").touch()
    check_shipped(folder)


def test_one_bit_that_has_flipped_is_found_in_a_file_of_the_same_size(folder):
    content = bytearray(10_000)
    content[5_000] = 1
    (folder / "glyffuser" / "weights").write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"weights is damaged: restore it with `git checkout -- .*weights`, or run"
    ):
        check_shipped(folder)
    check_shipped(folder, without="glyffuser")


def test_a_file_that_is_missing_is_named(folder):
    (folder / "map.json").unlink()
    with pytest.raises(CheckpointError, match=r"map\.json is missing: restore it"):
        check_shipped(folder)


@pytest.mark.parametrize(
    ("content", "what"), [(None, "missing"), ("{", "damaged"), ("[]", "damaged"), ('{"sha256": 1}', "damaged")]
)
def test_a_manifest_that_cannot_be_read_is_named(folder, content, what):
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_text(content)
    with pytest.raises(CheckpointError, match=f"{MANIFEST} is {what}: restore it"):
        check_shipped(folder)


def test_only_what_ships_is_written_down(folder, tmp_path_factory):
    (folder / "map.json").write_text("[]")
    write_manifest(tmp_path_factory.mktemp("of a user"), folder)
    with pytest.raises(CheckpointError, match="damaged"):
        check_shipped(folder)
    write_manifest(folder / "map.json", folder)
    check_shipped(folder)


def test_the_command_writes_what_the_files_are(folder, capsys, monkeypatch):
    monkeypatch.setattr(shipped, "CHECKPOINTS", folder)
    (folder / "map.json").write_text("[]")
    assert main([]) == 0
    check_shipped(folder)
    assert capsys.readouterr().out.endswith("manifest.json: 2 files\n")


def test_a_damaged_example_ends_the_start_with_a_sentence(monkeypatch):
    """The start compares before it loads: with another hash in the manifest it ends at once."""
    path = CHECKPOINTS / "examples" / "gold.json"
    code = (
        "import glyffuser.shipped as s; wrong = s.file_sha256;"
        f"s.file_sha256 = lambda path: 'other' if path.name == {path.name!r} else wrong(path);"
        "from glyffuser.ui.app import build_app; build_app()"
    )
    result = start_with("-c", code)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"glyffuser cannot start: {path} is damaged: restore it with `git checkout -- {path}`" in result.stderr
