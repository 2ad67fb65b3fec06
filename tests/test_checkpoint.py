import shutil
from pathlib import Path

import pytest

from glyffuser import checkpoint
from glyffuser.checkpoint import (
    CHECKPOINTS,
    DEFAULT_CHECKPOINT,
    CheckpointError,
    check_files,
    checkpoint_fingerprint,
    checkpoint_folder,
)

FILES = [
    "model_index.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "glyph_prior/config.json",
    "glyph_prior/diffusion_pytorch_model.safetensors",
    "scheduler/scheduler_config.json",
]


@pytest.fixture
def whole(tiny_pipeline, tmp_path) -> Path:
    tiny_pipeline.save_pretrained(tmp_path)
    check_files(tmp_path)
    return tmp_path


def test_the_shipped_checkpoint_is_whole_and_another_can_be_named(monkeypatch):
    check_files(DEFAULT_CHECKPOINT)
    monkeypatch.delenv("GLYFFUSER_CHECKPOINT", raising=False)
    assert checkpoint_folder() == DEFAULT_CHECKPOINT
    monkeypatch.setenv("GLYFFUSER_CHECKPOINT", "elsewhere")
    assert checkpoint_folder() == Path("elsewhere")


@pytest.mark.parametrize(
    "missing", ["model_index.json", "unet/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json"]
)
def test_a_missing_file_is_named(whole, missing):
    (whole / missing).unlink()
    with pytest.raises(CheckpointError) as caught:
        check_files(whole)
    assert str(whole / missing) in str(caught.value) and "git checkout" in str(caught.value)


@pytest.mark.parametrize("part", ["unet", "glyph_prior"])
@pytest.mark.parametrize("damage", ["cut", "pointer"])
def test_damaged_weights_are_named(whole, part, damage):
    path = whole / part / "diffusion_pytorch_model.safetensors"
    content = path.read_bytes()[:5000] if damage == "cut" else b"version https://git-lfs.github.com/spec/v1\noid x\n"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged or only a Git LFS pointer") as caught:
        check_files(whole)
    assert str(path) in str(caught.value)


def test_the_checkpoints_lie_beside_a_checkout_and_inside_an_installed_package(tmp_path):
    package = tmp_path / "glyffuser"
    package.mkdir()
    assert checkpoint._shipped_folder(package) == tmp_path / "checkpoints"
    (package / "checkpoints").mkdir()
    assert checkpoint._shipped_folder(package) == package / "checkpoints"
    assert DEFAULT_CHECKPOINT == CHECKPOINTS / "glyffuser" and (CHECKPOINTS / "map").is_dir()


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_changes_with_every_file_that_decides_a_glyph(whole, name):
    before = checkpoint_fingerprint(whole)
    assert len(before) == 12 and set(before) <= set("0123456789abcdef")
    content = (whole / name).read_bytes()
    (whole / name).write_bytes(content + b" ")
    assert checkpoint_fingerprint(whole) != before
    (whole / name).write_bytes(content)
    assert checkpoint_fingerprint(whole) == before


def test_the_fingerprint_ignores_other_files_and_the_place(whole, tmp_path_factory):
    before = checkpoint_fingerprint(whole)
    for name in ("example_run.json", "README.md", "unet/model.onnx"):
        (whole / name).write_text("another file")
    copy = tmp_path_factory.mktemp("elsewhere") / "checkpoint"
    shutil.copytree(whole, copy)
    assert checkpoint_fingerprint(whole) == checkpoint_fingerprint(copy) == before


def test_two_files_that_change_places_change_the_fingerprint(whole):
    before = checkpoint_fingerprint(whole)
    first, second = whole / "unet" / "config.json", whole / "glyph_prior" / "config.json"
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0]), first.write_bytes(contents[1])
    assert checkpoint_fingerprint(whole) != before


def test_an_incomplete_checkpoint_has_no_fingerprint(whole):
    (whole / "scheduler" / "scheduler_config.json").unlink()
    with pytest.raises(CheckpointError, match="scheduler_config.json is missing"):
        checkpoint_fingerprint(whole)
