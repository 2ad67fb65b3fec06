from pathlib import Path

import pytest

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError, check_files, checkpoint_folder


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
