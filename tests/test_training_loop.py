import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from PIL import Image
from tiny import TINY

from glyffuser.config import ModelConfig, SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import GlyphDataset, distinct_captions
from glyffuser.diffusion import training_loss, training_scheduler
from glyffuser.images import uint8_to_x_0
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import TextStateCache
from glyffuser.training import loop, monitor, smoke
from glyffuser.training.batches import CaptionConditioning, TrainingBatches, spread_timesteps
from glyffuser.training.export import load_run
from glyffuser.training.loop import train
from glyffuser.training.monitor import HeldOut, MonitorConfig, averaged_weights, held_out_errors, is_due
from glyffuser.training.prior import caption_folds
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import STATE_FILE, Counters, StateError, build_state

ONE_STEP = SampleConfig(num_inference_steps=1)
RECIPE = Recipe(batch_size=4, max_samples=48, warmup_steps=2, loss_balance=0.5)
ROOT = Path(__file__).parents[1]


class Bench:
    """Everything that a training run of twelve glyphs needs."""

    def __init__(self, tiny_pipeline, encoder):
        self.characters = [c for c in load_characters() if c.split == "train"][:12]
        self.prior = tiny_pipeline.glyph_prior
        states = TextStateCache.build(encoder, distinct_captions(self.characters))
        self.conditioning = CaptionConditioning(states, self.prior, caption_folds(self.characters, 2))
        self.dataset = GlyphDataset(self.characters)
        self.batches = TrainingBatches(self.dataset, self.conditioning, seed=0)
        self.scheduler = training_scheduler()
        definitions = [c.definition for c in self.characters[:3]]
        self.held_out = HeldOut(
            uint8_to_x_0(self.dataset.glyphs[:3]), self.conditioning(definitions), self.conditioning([""] * 3)
        )

    def state(self, config=TINY, recipe=RECIPE):
        return build_state(config, recipe, "minilm", torch.device("cpu"))

    def train(self, folder, state, recipe=RECIPE, stop_after=None, accelerator=None, **intervals):
        folder.mkdir(exist_ok=True)
        self.prior.save_pretrained(folder / "glyph_prior")
        config = self.monitor(folder, state, **intervals)

        def should_stop():
            return stop_after is not None and state.counters.step >= stop_after

        accelerator = accelerator or Accelerator(cpu=True)
        train(state, recipe, self.batches, self.scheduler, accelerator, config, should_stop)
        return state

    def monitor(self, folder, state, error_samples=0, grid_samples=0, grid_config=ONE_STEP):
        pipeline = GlyffuserPipeline(state.unet, self.prior, self.scheduler)
        return MonitorConfig(folder, self.held_out, pipeline, error_samples, grid_samples, grid_config)


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def weights_of(state):
    return [p.detach().clone() for p in state.unet.parameters()] + [p.clone() for p in state.ema.shadow_params]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights_of(one), weights_of(other), strict=True))


def test_a_run_cut_in_two_equals_the_run_in_one_bit_for_bit(bench, tmp_path):
    whole = bench.train(tmp_path / "whole", bench.state())
    bench.train(tmp_path / "cut", bench.state(), stop_after=5)
    second = bench.state(recipe=dataclasses.replace(RECIPE, seed=7))  # other weights, which the state replaces
    second.load(tmp_path / "cut" / STATE_FILE)
    assert second.counters.step == 5 and not same(second, whole)
    bench.train(tmp_path / "cut", second)
    assert second.counters.step == whole.counters.step == 12
    assert same(second, whole)


def test_the_plan_is_kept_and_training_changes_the_weights(bench, tmp_path):
    fresh = bench.state()
    before = weights_of(fresh)
    trained = bench.train(tmp_path / "run", fresh)
    assert trained.counters.samples_seen == 48 and trained.counters.plan_seconds > 0
    moved = [not torch.equal(a, b) for a, b in zip(before, weights_of(trained), strict=True)]
    assert sum(moved) > 0.9 * len(moved)


def test_the_error_on_a_handful_of_glyphs_falls(bench, tmp_path):
    recipe = Recipe(batch_size=12, max_samples=12 * 30, warmup_steps=2)
    state = bench.state(recipe=recipe)

    def error_at_middle():
        with averaged_weights(state.unet, state.ema):
            return held_out_errors(state.unet, bench.held_out, bench.scheduler)["error"][2]

    before = error_at_middle()
    bench.train(tmp_path / "run", state, recipe)
    assert error_at_middle() < 0.8 * before


def test_every_glyph_comes_once_an_epoch_and_each_epoch_in_its_own_order(bench):
    codepoints = bench.batches.samples(0, 36)[2]
    expected = sorted(c.codepoint for c in bench.characters)
    assert all(sorted(codepoints[start : start + 12]) == expected for start in (0, 12, 24))
    assert codepoints[:12] != codepoints[12:24]
    assert bench.batches.samples(10, 4)[2] == codepoints[10:14]


def test_noise_depends_on_the_place_alone(bench):
    x_0 = torch.zeros(4, 1, 128, 128)
    noise, timesteps = bench.batches.noise(100, x_0, 1000)
    again, same_timesteps = bench.batches.noise(100, x_0, 1000)
    other, _ = bench.batches.noise(104, x_0, 1000)
    assert torch.equal(noise, again) and torch.equal(timesteps, same_timesteps) and not torch.equal(noise, other)
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    many = bench.batches.noise(0, torch.zeros(4000, 1, 1, 1), 1000)[1]
    assert many.min() < 10 and many.max() > 989 and abs(many.float().mean() - 499.5) < 20


@pytest.mark.parametrize(("focus", "middle", "ends"), [(0, 1, 1), (0.8, 1.84, 0.56)])
def test_timesteps_spread_over_the_batch_and_crowd_in_the_middle(focus, middle, ends):
    times = spread_timesteps(10_000, focus, 1, torch.Generator().manual_seed(0))
    assert times.min() >= 0 and times.max() <= 1
    density = torch.histc(times, bins=50, min=0, max=1) / 200
    assert abs(density[24:26].mean() - middle) < 0.05 and abs(density[[0, -1]].mean() - ends) < 0.05
    assert abs(times[:5000].mean() - 0.5) < 0.02  # in random order
    if focus == 0:
        few = spread_timesteps(8, focus, 1, torch.Generator().manual_seed(1))
        assert sorted((8 * few).long().tolist()) == list(range(8)) and few.argsort().tolist() != list(range(8))


def test_shifted_timesteps_crowd_where_noise_is_stronger():
    straight, shifted = (spread_timesteps(10_000, 0.8, shift, torch.Generator().manual_seed(0)) for shift in (1, 1.5))
    assert shifted.min() >= 0 and shifted.max() <= 1 and (shifted >= straight).all()
    densities = [torch.histc(times, bins=20, min=0, max=1).argmax() for times in (straight, shifted)]
    assert densities[0] in (9, 10) and densities[1] in (11, 12)  # around 0.5 and 0.6


def test_a_caption_asks_the_fold_that_has_not_seen_it(bench):
    captions = ["", bench.characters[0].definition]
    folds = caption_folds(bench.characters, 2)
    conditioning = bench.conditioning(captions)
    sentence = conditioning.class_labels[1:] / 384**0.5
    own = bench.prior(sentence, sharpness=1.0, folds=torch.tensor([folds[captions[1]]]))
    assert torch.allclose(conditioning.prior[1:], own, atol=1e-5)
    assert (conditioning.prior[0] == 0).all() and (conditioning.class_labels[0] == 0).all()


def test_what_is_measured_is_written(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(monitor, "LOSS_STEPS", 4)
    bench.train(tmp_path / "run", bench.state(), error_samples=24, grid_samples=48)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    losses, errors = [x for x in lines if "loss" in x], [x for x in lines if "error" in x]
    assert [line["samples"] for line in losses] == [16, 32, 48]
    assert [line["samples"] for line in errors] == [24, 48] and len(errors[0]["error"]) == len(errors[0]["gain"]) == 7
    assert (tmp_path / "run" / "grids" / "00000048.png").stat().st_size > 1000


def test_lines_after_the_state_are_dropped_when_a_run_goes_on(bench, tmp_path):
    folder = tmp_path / "run"
    bench.train(folder, bench.state(), stop_after=4, error_samples=8)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"samples": 999, "loss": 1}\n{"samples": 8, "lo')  # the last one torn
    state = bench.state()
    state.load(folder / STATE_FILE)
    bench.train(folder, state, error_samples=8)
    samples = [json.loads(line)["samples"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert samples == [8, 16, 24, 32, 40, 48]


def test_the_averaged_weights_are_given_back(bench):
    state = bench.state()
    with torch.no_grad():
        for shadow in state.ema.shadow_params:
            shadow.add_(1)
    before = weights_of(state)
    with averaged_weights(state.unet, state.ema):
        assert torch.allclose(next(state.unet.parameters()), before[0] + 1)
    assert all(torch.equal(a, b) for a, b in zip(before, weights_of(state), strict=True))


def test_a_run_loads_as_a_pipeline(bench, tmp_path):
    state = bench.train(tmp_path / "run", bench.state())
    pipeline = load_run(tmp_path / "run")
    assert pipeline.config.samples_seen == state.counters.samples_seen == 48
    assert all(torch.equal(a, b) for a, b in zip(pipeline.unet.parameters(), state.ema.shadow_params, strict=True))
    (tmp_path / "run" / "glyph_prior" / "config.json").unlink()
    with pytest.raises(StateError, match="glyph_prior is missing or damaged"):
        load_run(tmp_path / "run")


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


def test_a_full_disk_keeps_the_state_before(bench, tmp_path, monkeypatch, capsys):
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


def test_the_whole_chain_on_64_glyphs(tmp_path):
    assert smoke.main(["--output", str(tmp_path)]) == 0
    assert (tmp_path / "samples.png").exists() and (tmp_path / "checkpoint" / "model_index.json").exists()
    errors = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert any("error" in line for line in errors)
    assert list((tmp_path / "run" / "tensorboard").iterdir())


TWO_PROCESSES = """
import hashlib, json, sys
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from PIL import Image
from pathlib import Path
from glyffuser.training import __main__ as cli, batches, smoke
from glyffuser.training.prior import gather_examples, train_prior
from glyffuser.data.characters import load_characters
from glyffuser.text import TextEncoder
folder = Path(sys.argv[1])
seen, states = [], []
samples = batches.TrainingBatches.samples
def spy(self, start, count):
    found = samples(self, start, count)
    seen.extend(found[2])
    return found
batches.TrainingBatches.samples = spy
begin = cli.begin
def remember(*arguments):
    states.append(begin(*arguments))
    return states[-1]
cli.begin = remember
torch.set_num_threads(1)
characters = smoke.choose(load_characters())
accelerator = Accelerator(cpu=True)
with accelerator.main_process_first():
    examples, families = gather_examples(characters, TextEncoder.load(), 2, 32, folder)
prior = train_prior(characters, examples, families, num_folds=2, num_epochs=1, hidden_channels=(16, 16))
options = ["--output", str(folder / "run"), "--cache", str(folder), "--precision", "no", "--batch-size", "8",
           "--max-samples", "64", "--error-samples", "0", "--grid-samples", "0"]
cli.run(cli.parse(options + smoke.TINY_NETWORK), characters, prior)
raw = b"".join(p.detach().numpy().tobytes() for p in states[0].unet.parameters())
result = {"weights": hashlib.sha256(raw).hexdigest(), "seen": seen, "processes": accelerator.num_processes}
(folder / f"process-{accelerator.process_index}.json").write_text(json.dumps(result))
"""


def test_two_processes_share_the_samples_and_end_with_the_same_weights(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(script), str(tmp_path)], env=environment, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads((tmp_path / f"process-{rank}.json").read_text()) for rank in (0, 1)]
    assert [result["processes"] for result in results] == [2, 2]
    assert results[0]["weights"] == results[1]["weights"]
    both = results[0]["seen"] + results[1]["seen"]
    assert len(both) == 64 and sorted(set(both)) == sorted(both), "each of the 64 glyphs once"


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


def test_a_prior_of_another_grid_is_refused(tiny_pipeline, tmp_path):
    from glyffuser.training.__main__ import parse, run

    options = parse(["--output", str(tmp_path / "run"), "--patch-size", "8"])
    with pytest.raises(ValueError, match="training.prior --patch-size 8"):
        run(options, [], tiny_pipeline.glyph_prior)


def test_a_run_is_not_overwritten_by_mistake(bench, tmp_path):
    from glyffuser.training.__main__ import begin, parse

    bench.state().save(tmp_path / STATE_FILE)
    options = parse(["--output", str(tmp_path)])
    with pytest.raises(StateError, match="holds a run already: go on with --resume"):
        begin(TINY, RECIPE, "minilm", torch.device("cpu"), options)
    options = parse(["--output", str(tmp_path), "--resume", "--new-plan"])
    assert begin(TINY, RECIPE, "minilm", torch.device("cpu"), options).counters.plan_samples == 0


def test_a_run_counts_on_from_the_checkpoint_that_it_starts_from(tmp_path):
    from glyffuser.checkpoint import DEFAULT_CHECKPOINT
    from glyffuser.training.__main__ import begin, parse

    options = parse(["--output", str(tmp_path), "--init", str(DEFAULT_CHECKPOINT)])
    state = begin(ModelConfig(), RECIPE, "minilm", torch.device("cpu"), options)
    assert state.counters == Counters(samples_seen=GlyffuserPipeline.load(DEFAULT_CHECKPOINT).config.samples_seen)
    assert state.counters.samples_seen >= 193_568


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


def test_a_full_disk_does_not_end_a_run(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(monitor, "LOSS_STEPS", 4)
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


def test_the_prior_of_a_run_is_its_own_unless_another_is_given(tmp_path):
    from glyffuser.checkpoint import DEFAULT_CHECKPOINT
    from glyffuser.training.__main__ import parse, prior_folder

    options = parse(["--output", str(tmp_path)])
    assert prior_folder(options) == DEFAULT_CHECKPOINT / "glyph_prior"
    (tmp_path / "glyph_prior").mkdir()
    assert prior_folder(options) == tmp_path / "glyph_prior"
    assert prior_folder(parse(["--output", str(tmp_path), "--glyph-prior", "other"])) == Path("other")


def test_the_precision_of_a_run_is_kept(bench, tmp_path, monkeypatch):
    from glyffuser.training import __main__ as cli

    state = bench.state()
    state.precision = "bf16"
    state.save(tmp_path / STATE_FILE)
    monkeypatch.setattr(cli, "faster_precision", lambda *_: pytest.fail("measured anew"))
    monkeypatch.setattr(
        cli,
        "Accelerator",
        lambda mixed_precision, **_: SimpleNamespace(mixed_precision=mixed_precision, init_trackers=lambda _: None),
    )
    assert cli.start_accelerator(cli.parse(["--output", str(tmp_path)]), TINY).mixed_precision == "bf16"


def test_weights_that_do_not_fit_the_options_are_refused(tmp_path):
    from glyffuser.checkpoint import DEFAULT_CHECKPOINT
    from glyffuser.training.__main__ import begin, parse

    options = parse(["--output", str(tmp_path), "--init", str(DEFAULT_CHECKPOINT)])
    with pytest.raises(StateError, match="trained with --prediction-type v_prediction, not epsilon"):
        begin(ModelConfig(prediction_type="epsilon"), RECIPE, "minilm", torch.device("cpu"), options)
    with pytest.raises(StateError, match="of another network than the options ask for: give --patch-size"):
        begin(TINY, RECIPE, "minilm", torch.device("cpu"), options)


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
