import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny import TINY
from training_bench import RECIPE, Bench

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.config import ModelConfig
from glyffuser.data.characters import load_characters
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.training import command as cli
from glyffuser.training import smoke
from glyffuser.training.command import parse, prior_folder, run, start_or_resume
from glyffuser.training.export import load_run
from glyffuser.training.recipe import DISTILLATION_PRESETS, TRAINING_PRESETS, Recipe
from glyffuser.training.segments import STUDENT_TIMESTEPS
from glyffuser.training.state import STATE_FILE, Counters, StateError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def test_the_whole_chain_on_64_glyphs(tmp_path):
    assert smoke.main(["--output", str(tmp_path)]) == 0
    assert (tmp_path / "samples.png").exists() and (tmp_path / "checkpoint" / "model_index.json").exists()
    errors = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert any("error" in line for line in errors)
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    distil(tmp_path / "run", tmp_path / "fast", tmp_path)
    assert (tmp_path / "fast" / "grids" / "00000272.png").exists()
    assert load_run(tmp_path / "fast").config.samples_seen == 256 + 16


def distil(teacher, folder, cache):
    """Two steps of distillation, from a run of smoke's network."""
    places = ["--teacher", str(teacher), "--output", str(folder), "--cache", str(cache)]
    recipe = ["--recipe", "one-gpu", "--batch-size", "8", "--max-samples", "16", "--grid-samples", "16"]
    options = parse([*places, *recipe, "--precision", "no", *smoke.TINY_NETWORK], presets=DISTILLATION_PRESETS)
    run(options, smoke.choose(load_characters()), GlyphPrior.from_pretrained(prior_folder(options)))


TWO_PROCESSES = """
import hashlib, json, sys
import torch
from accelerate import Accelerator
from pathlib import Path
from glyffuser.training import command as cli, batches, smoke
from glyffuser.training.prior import gather_examples, train_prior
from glyffuser.data.characters import load_characters
from glyffuser.text import TextEncoder
folder = Path(sys.argv[1])
seen, states = [], []
rows = batches.TrainingBatches.rows
def spy(self, start, count):
    found = rows(self, start, count)
    seen.extend(found[0].tolist())
    return found
batches.TrainingBatches.rows = spy
start_or_resume = cli.start_or_resume
def remember(*arguments):
    states.append(start_or_resume(*arguments))
    return states[-1]
cli.start_or_resume = remember
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


def test_a_prior_of_another_grid_is_refused(tiny_pipeline, tmp_path):
    options = parse(["--output", str(tmp_path / "run"), "--patch-size", "8"])
    with pytest.raises(ValueError, match="training.prior --patch-size 8"):
        run(options, [], tiny_pipeline.glyph_prior)


def test_a_run_is_not_overwritten_by_mistake(bench, tmp_path):
    bench.state().save(tmp_path / STATE_FILE)
    options = parse(["--output", str(tmp_path)])
    with pytest.raises(StateError, match="holds a run already: go on with --resume"):
        start_or_resume(TINY, RECIPE, "minilm", torch.device("cpu"), options)
    options = parse(["--output", str(tmp_path), "--resume", "--new-plan"])
    assert start_or_resume(TINY, RECIPE, "minilm", torch.device("cpu"), options).counters.plan_samples == 0


def test_a_run_counts_on_from_the_checkpoint_that_it_starts_from(tmp_path):
    options = parse(["--output", str(tmp_path), "--init", str(DEFAULT_CHECKPOINT)])
    state = start_or_resume(ModelConfig(), RECIPE, "minilm", torch.device("cpu"), options)
    assert state.counters == Counters(samples_seen=GlyffuserPipeline.load(DEFAULT_CHECKPOINT).config.samples_seen)
    assert state.counters.samples_seen >= 193_568


def test_a_recipe_gives_the_defaults_and_options_override_it():
    plain, on_gpu, own = (parse(line) for line in ([], ["--recipe", "one-gpu"], ["--batch-size=7", "--recipe=one-gpu"]))
    assert cli.recipe_from(plain) == Recipe() and plain.error_samples == 20_000
    row = TRAINING_PRESETS["one-gpu"]
    assert cli.recipe_from(on_gpu) == row.recipe and on_gpu.error_samples == row.error_samples == 600_000
    assert cli.recipe_from(own) == dataclasses.replace(row.recipe, batch_size=7)


@pytest.mark.parametrize("wrong", [["--recipe", "ten-gpus"], ["--recipe"]])
def test_an_unknown_recipe_is_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        parse(wrong)
    assert "argument --recipe: " in capsys.readouterr().err


def test_students_see_every_caption_and_pictures_as_sharp_as_those_of_prompts(monkeypatch, tmp_path, pipeline):
    given = {}

    class EnoughError(Exception):
        pass

    def conditioning(states, prior, folds, sharpness, device, num_tokens):
        given.update(sharpness=sharpness, num_tokens=num_tokens)
        return "conditioning"

    def dataset(characters, seed, caption_dropout):
        given.update(caption_dropout=caption_dropout)

    def batches(dataset, conditioning, recipe, timesteps):
        given.update(timesteps=timesteps)
        raise EnoughError

    monkeypatch.setattr(cli, "CaptionConditioning", conditioning)
    monkeypatch.setattr(cli, "GlyphDataset", dataset)
    monkeypatch.setattr(cli, "TrainingBatches", batches)
    for teacher in ([], ["--teacher", str(DEFAULT_CHECKPOINT)]):
        options = ["--output", str(tmp_path), "--cache", str(tmp_path), "--precision", "no", *teacher]
        with pytest.raises(EnoughError):
            run(parse(options), load_characters()[:2], pipeline.glyph_prior)
        expected = (None, 0.0, STUDENT_TIMESTEPS) if teacher else (1.0, 0.1, None)
        assert (given["sharpness"], given["caption_dropout"], given["timesteps"]) == expected
        assert given["num_tokens"] is None  # nothing is compiled on a CPU


def test_the_prior_of_a_run_is_its_own_unless_another_is_given(tmp_path):
    options = parse(["--output", str(tmp_path)])
    assert prior_folder(options) == DEFAULT_CHECKPOINT / "glyph_prior"
    (tmp_path / "glyph_prior").mkdir()
    assert prior_folder(options) == tmp_path / "glyph_prior"
    assert prior_folder(parse(["--output", str(tmp_path), "--glyph-prior", "other"])) == Path("other")


def test_the_precision_of_a_run_is_kept(bench, tmp_path, monkeypatch):
    state = bench.state()
    state.precision = "bf16"
    state.save(tmp_path / STATE_FILE)
    monkeypatch.setattr(cli, "faster_precision", lambda *_: pytest.fail("measured again"))
    monkeypatch.setattr(
        cli,
        "Accelerator",
        lambda mixed_precision, **_: SimpleNamespace(mixed_precision=mixed_precision, init_trackers=lambda _: None),
    )
    assert cli.start_accelerator(cli.parse(["--output", str(tmp_path)]), TINY).mixed_precision == "bf16"


@pytest.mark.parametrize(
    ("device", "given", "backend"), [("cpu", [], "NO"), ("cuda", [], "INDUCTOR"), ("cuda", ["--eager"], "NO")]
)
def test_networks_are_compiled_on_gpus(tmp_path, monkeypatch, device, given, backend):
    monkeypatch.setattr(cli, "PartialState", lambda: SimpleNamespace(device=torch.device(device)))
    monkeypatch.setattr(
        cli, "Accelerator", lambda **options: SimpleNamespace(state=SimpleNamespace(**options), init_trackers=print)
    )
    options = cli.parse(["--output", str(tmp_path), "--precision", "bf16", *given])
    accelerator = cli.start_accelerator(options, TINY)
    assert accelerator.state.dynamo_plugin.backend == backend and accelerator.state.dynamo_plugin.dynamic is False
    assert cli.is_compiled(accelerator) == (backend == "INDUCTOR")


def test_weights_that_do_not_fit_the_options_are_refused(tmp_path):
    options = parse(["--output", str(tmp_path), "--init", str(DEFAULT_CHECKPOINT)])
    with pytest.raises(StateError, match="trained with --prediction-type v_prediction, not epsilon"):
        start_or_resume(ModelConfig(prediction_type="epsilon"), RECIPE, "minilm", torch.device("cpu"), options)
    with pytest.raises(StateError, match="of another network than the options ask for: give --patch-size"):
        start_or_resume(TINY, RECIPE, "minilm", torch.device("cpu"), options)
