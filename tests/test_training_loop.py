import dataclasses
import math
import os
import signal

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import TorchDynamoPlugin
from training_bench import RECIPE, Bench, same, weights_of

from glyffuser.diffusion import training_loss
from glyffuser.training import loop
from glyffuser.training.batches import TrainingBatches
from glyffuser.training.command import is_compiled
from glyffuser.training.export import load_run
from glyffuser.training.loop import train
from glyffuser.training.monitor import averaged_weights, denoising_errors
from glyffuser.training.recipe import Recipe
from glyffuser.training.segments import STUDENT_TIMESTEPS, SegmentObjective
from glyffuser.training.state import STATE_FILE, StateError


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


@pytest.mark.parametrize("kind", ["plain", "noised text", "distillation"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(bench, tiny_pipeline, tmp_path, kind):
    perturbation = {"token_dropout": 0.2, "text_noise": 0.3} if kind == "noised text" else {}
    recipe, given = dataclasses.replace(RECIPE, **perturbation), {}
    given["batches"] = TrainingBatches(bench.dataset, bench.conditioning, recipe)
    if kind == "distillation":
        given["batches"] = TrainingBatches(bench.dataset, bench.conditioning, recipe, STUDENT_TIMESTEPS)
        given["objective"] = SegmentObjective(tiny_pipeline.unet, bench.conditioning([""]), bench.scheduler)
    whole = bench.train(tmp_path / "whole", bench.state(), **given)
    bench.train(tmp_path / "cut", bench.state(), stop_after=5, **given)
    second = bench.state(recipe=dataclasses.replace(RECIPE, seed=7))  # other weights, which the state replaces
    second.load(tmp_path / "cut" / STATE_FILE)
    assert second.counters.step == 5 and not same(second, whole)
    bench.train(tmp_path / "cut", second, **given)
    assert second.counters.step == whole.counters.step == 12
    assert same(second, whole)


def test_a_compiled_run_ends_with_the_same_weights(bench, tmp_path, monkeypatch):
    plain = bench.train(tmp_path / "plain", bench.state(), stop_after=2)
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})
    plugin = TorchDynamoPlugin(backend="eager", dynamic=False)  # captures the network's graph, and runs it as it is
    accelerator = Accelerator(cpu=True, dynamo_plugin=plugin)
    assert is_compiled(accelerator)
    torch._dynamo.utils.counters.clear()
    compiled = bench.train(tmp_path / "compiled", bench.state(), stop_after=2, accelerator=accelerator, error_samples=8)
    assert same(compiled, plain)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 1
    assert not torch._dynamo.utils.counters["graph_break"]


def test_noise_levels_are_balanced_by_errors_not_by_what_is_minimised(bench, tmp_path):
    plain, state = loop.denoising_objective(bench.scheduler, 1.0), bench.state()

    def objective(*given):
        return loop.Losses(plain(*given).minimised, torch.full((4,), 7.0))

    bench.train(tmp_path, state, stop_after=1, objective=objective)
    means = (state.balance.means / state.balance.shares)[state.balance.shares > 0]
    assert len(means) and torch.allclose(means, torch.full_like(means, 7.0))


def test_losses_are_read_once_in_a_while(bench, tmp_path, monkeypatch):
    """Reading one waits for the device."""
    monkeypatch.setattr(loop, "LOSS_STEPS", 5)
    read, read_mean = [], loop.read_mean
    monkeypatch.setattr(
        loop, "read_mean", lambda losses, seen: read.append((len(losses), seen)) or read_mean(losses, seen)
    )
    bench.train(tmp_path, bench.state())
    assert read == [(5, 20), (5, 40), (2, 48)]


def test_the_plan_is_kept_and_training_changes_the_weights(bench, tmp_path):
    fresh = bench.state()
    before = weights_of(fresh)
    trained = bench.train(tmp_path / "run", fresh)
    assert trained.counters.samples_seen == 48 and trained.counters.plan_seconds > 0
    moved = [not torch.equal(a, b) for a, b in zip(before, weights_of(trained), strict=True)]
    assert sum(moved) > 0.9 * len(moved)


def test_the_first_step_which_compiles_takes_no_time_from_the_plan(bench, tmp_path):
    assert bench.train(tmp_path / "one", bench.state(), stop_after=1).counters.plan_seconds == 0
    assert bench.train(tmp_path / "two", bench.state(), stop_after=2).counters.plan_seconds > 0


def test_the_error_on_a_handful_of_glyphs_falls(bench, tmp_path):
    recipe = Recipe(batch_size=12, max_samples=12 * 30, warmup_steps=2)
    state = bench.state(recipe=recipe)

    def error_at_middle():
        with averaged_weights(state.unet, state.ema):
            return denoising_errors(state.unet, bench.held_out, bench.scheduler)["error"][2]

    before = error_at_middle()
    bench.train(tmp_path / "run", state, recipe)
    assert error_at_middle() < 0.8 * before


def test_a_run_loads_as_a_pipeline(bench, tmp_path):
    state = bench.train(tmp_path / "run", bench.state())
    pipeline = load_run(tmp_path / "run")
    assert pipeline.config.samples_seen == state.counters.samples_seen == 48
    assert all(torch.equal(a, b) for a, b in zip(pipeline.unet.parameters(), state.ema.shadow_params, strict=True))
    (tmp_path / "run" / "glyph_prior" / "config.json").unlink()
    with pytest.raises(StateError, match="glyph_prior is missing or damaged"):
        load_run(tmp_path / "run")


def test_a_signal_ends_the_run_after_its_step(bench, tmp_path):
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        should_stop = loop.stop_on_signals()
        assert not should_stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert should_stop()
        state = bench.state()
        config = bench.monitor(tmp_path, state)
        train(state, RECIPE, bench.batches, bench.scheduler, Accelerator(cpu=True), config, should_stop)
        assert state.counters.step == 0 and (tmp_path / STATE_FILE).exists()
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_state(bench, tmp_path, monkeypatch, loss):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0)  # after every step
    state = bench.state()

    def failing(*arguments):
        losses = training_loss(*arguments)
        return losses * loss if state.counters.step == 3 else losses

    monkeypatch.setattr(loop, "training_loss", failing)
    with pytest.raises(StateError, match=f"the loss was {loss} after 16 samples: .* go on from it with --resume"):
        bench.train(tmp_path, state)
    again = bench.state()
    again.load(tmp_path / STATE_FILE)
    assert again.counters.step == 3 and all(weights.isfinite().all() for weights in weights_of(again))
