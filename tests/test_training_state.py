import dataclasses
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors import safe_open
from tiny import TINY
from training_bench import RECIPE, Bench, same

from glyffuser.training import loop
from glyffuser.training import state as module
from glyffuser.training.loop import train
from glyffuser.training.state import STATE_FILE, StateError, read_averaged_weights, read_metadata, weight_format


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def test_a_changed_network_is_named(bench, tmp_path):
    state = bench.state()
    state.save(tmp_path / STATE_FILE)
    other = bench.state(dataclasses.replace(TINY, layers_per_block=2))
    with pytest.raises(StateError, match="another network .layers_per_block 1 instead of 2."):
        other.load(tmp_path / STATE_FILE)


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"nonsense" * 50])
def test_a_damaged_state_is_named(bench, tmp_path, damage):
    path = tmp_path / STATE_FILE
    bench.state().save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StateError, match="is damaged"):
        bench.state().load(path)
    with pytest.raises(StateError, match="no state to go on from"):
        bench.state().load(tmp_path / "nowhere")


def test_a_full_disk_keeps_the_previous_state(bench, tmp_path, monkeypatch, capsys):
    path = tmp_path / STATE_FILE
    bench.state().save(path)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glyffuser.training.state.save_file", full)
    state = bench.state(recipe=dataclasses.replace(RECIPE, seed=3))
    with pytest.raises(StateError, match="No space left on device.*the one before is kept"):
        state.save(path)
    loop.save_or_warn(state, path)
    assert "training goes on" in capsys.readouterr().err
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_kill_loses_only_what_came_after_the_last_save(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0)  # after every step
    state, calls = bench.state(), []

    def kill():
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return False

    config = bench.monitor(tmp_path, state)
    with pytest.raises(KeyboardInterrupt):
        train(state, RECIPE, bench.batches, bench.scheduler, Accelerator(cpu=True), config, kill)
    again = bench.state()
    again.load(tmp_path / STATE_FILE)
    assert again.counters.step == state.counters.step == 3 and same(again, state)


def test_a_state_holds_the_keys_that_earlier_versions_wrote(bench, tmp_path):
    """Renaming one of them would make the runs of earlier versions impossible to resume."""
    path = tmp_path / "run" / STATE_FILE
    bench.train(tmp_path / "run", bench.state(), stop_after=1)
    metadata = read_metadata(path)
    assert metadata.keys() == {"model", "text_encoder", "counters", "ema_step", "precision"}
    assert metadata["counters"].keys() == {"step", "samples_seen", "plan_samples", "plan_seconds"}
    with safe_open(path, framework="pt") as file:
        keys = set(file.keys())
    assert {key.split("/")[0] for key in keys} == {"unet", "ema", "balance", "muon", "adamw"}
    name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    assert {f"unet/{name}", f"ema/{name}", f"muon/{name}/momentum_buffer"} <= keys
    assert {"balance/means", "balance/shares", "adamw/conv_in.weight/exp_avg", "adamw/conv_in.weight/step"} <= keys


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not list the files that are mapped")
def test_a_file_that_was_read_is_not_kept_mapped(bench, tmp_path):
    """Windows could not replace it."""
    path = tmp_path / STATE_FILE
    bench.train(tmp_path, bench.state(), stop_after=1)
    resumed = bench.state()
    resumed.load(path)
    averaged = read_averaged_weights(path)
    assert str(path) not in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert resumed.counters.step == 1 and averaged


def test_weights_lie_channels_last_but_not_on_mps(bench, monkeypatch):
    assert weight_format(torch.device("cpu")) == weight_format(torch.device("cuda", 0)) == torch.channels_last
    assert weight_format(torch.device("mps")) == torch.contiguous_format
    kernel = bench.state().unet.conv_in.weight
    assert kernel.is_contiguous(memory_format=torch.channels_last) and not kernel.is_contiguous()
    monkeypatch.setattr(module, "weight_format", lambda _: weight_format(torch.device("mps")))
    assert all(parameter.is_contiguous() for parameter in bench.state().unet.parameters())
