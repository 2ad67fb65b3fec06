import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from PIL import Image
from training_bench import Bench, weights_of

from glyffuser.config import SampleConfig
from glyffuser.training import loop, monitor
from glyffuser.training.monitor import averaged_weights, is_due
from glyffuser.training.state import STATE_FILE


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def test_what_is_measured_is_written(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOSS_STEPS", 4)
    bench.train(tmp_path / "run", bench.state(), error_samples=24, grid_samples=48)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    losses, errors = [x for x in lines if "loss" in x], [x for x in lines if "error" in x]
    assert [line["samples"] for line in losses] == [16, 32, 48]
    assert [line["samples"] for line in errors] == [24, 48] and len(errors[0]["error"]) == len(errors[0]["gain"]) == 7
    train = errors[0]["train"]
    assert len(train["error"]) == len(train["gain"]) == 7 and train["error"] != errors[0]["error"]
    assert (tmp_path / "run" / "grids" / "00000048.png").stat().st_size > 1000


def test_lines_after_the_saved_state_are_dropped_on_resuming(bench, tmp_path):
    folder = tmp_path / "run"
    bench.train(folder, bench.state(), stop_after=4, error_samples=8)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"samples": 999, "loss": 1}\n{"samples": 8, "lo')  # the last one torn
    state = bench.state()
    state.load(folder / STATE_FILE)
    bench.train(folder, state, error_samples=8)
    samples = [json.loads(line)["samples"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert samples == [8, 16, 24, 32, 40, 48]


def test_the_trained_weights_are_restored_after_averaged_ones(bench):
    state = bench.state()
    with torch.no_grad():
        for shadow in state.ema.shadow_params:
            shadow.add_(1)
    before = weights_of(state)
    with averaged_weights(state.unet, state.ema):
        assert torch.allclose(next(state.unet.parameters()), before[0] + 1)
    assert all(torch.equal(a, b) for a, b in zip(before, weights_of(state), strict=True))


def test_a_full_disk_does_not_end_a_run(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loop, "LOSS_STEPS", 4)
    path_open = Path.open

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    def open_to_read(path, mode="r", **rest):
        return full() if mode == "a" else path_open(path, mode, **rest)

    monkeypatch.setattr(monitor, "write_grid", full)
    monkeypatch.setattr(Path, "open", open_to_read)
    state = bench.train(tmp_path / "run", bench.state(), error_samples=24, grid_samples=24)
    said = capsys.readouterr().err
    assert "the grid could not be written" in said and "metrics.jsonl could not be written" in said
    assert state.counters.samples_seen == 48 and (tmp_path / "run" / STATE_FILE).exists()


def test_numbers_within_a_line_have_names_of_their_own_in_tensorboard():
    line = {"loss": 0.5, "error": [1.0, 2.0], "train": {"gain": [3.0]}}
    assert dict(monitor.scalars_of(line)) == {"loss": 0.5, "error/0": 1.0, "error/1": 2.0, "train/gain/0": 3.0}


@pytest.fixture
def bf16_accelerator(monkeypatch):
    """An accelerator in bfloat16, though others of this process are in float32."""
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})
    return Accelerator(cpu=True, mixed_precision="bf16")


def test_grids_of_a_bfloat16_run_follow_perturbed_attention_guidance(bench, tmp_path, bf16_accelerator):
    pixels = []
    for pag_scale in (0, 3):
        config = SampleConfig(num_inference_steps=2, guidance_scale=1, pag_scale=pag_scale, pag_interval=(0, 999))
        folder = tmp_path / str(pag_scale)
        bench.train(
            folder, bench.state(), stop_after=1, accelerator=bf16_accelerator, grid_samples=4, grid_config=config
        )
        pixels.append(np.asarray(Image.open(folder / "grids" / "00000004.png")).astype(int))
    assert abs(pixels[0] - pixels[1]).mean() > 1


def test_a_measurement_is_due_when_its_interval_was_passed():
    assert [is_due(10, previous, current) for previous, current in ((0, 9), (9, 10), (10, 19), (15, 31))] == [
        False, True, False, True,
    ]  # fmt: skip
    assert not is_due(0, 0, 100)
