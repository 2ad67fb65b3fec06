"""Distillation into four calls: what the student is taught, and that it learns it."""

import dataclasses
from functools import partial

import pytest
import torch
from accelerate import Accelerator
from tiny import TINY
from training_bench import RECIPE, Bench

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.config import ModelConfig, SampleConfig
from glyffuser.diffusion import add_noise, ddim_step, to_eps, velocity
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.training import command, distill, segments
from glyffuser.training.batches import TrainingBatches
from glyffuser.training.loop import train
from glyffuser.training.recipe import Recipe
from glyffuser.training.segments import STUDENT_CONFIG, STUDENT_TIMESTEPS, SegmentObjective, teacher_timesteps
from glyffuser.training.state import build_state
from glyffuser.unet import predict


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


@pytest.fixture
def objective(bench, tiny_pipeline):
    return SegmentObjective(tiny_pipeline.unet, bench.conditioning([""]), bench.scheduler)


@pytest.fixture
def batch(bench):
    """Four glyphs, one in each segment: x_0, noise, timesteps, conditioning."""
    x_0, conditioning, _ = bench.batches.samples(0, 4)
    noise, _ = bench.batches.noise(0, x_0)
    return x_0, noise, torch.tensor(STUDENT_TIMESTEPS), conditioning


def test_the_student_is_sampled_where_it_is_trained(bench, tiny_pipeline):
    assert STUDENT_TIMESTEPS == [999, 720, 500, 200]
    run = tiny_pipeline.begin(["gold"], [0], STUDENT_CONFIG)
    assert run.timesteps == STUDENT_TIMESTEPS
    batches = TrainingBatches(bench.dataset, bench.conditioning, seed=0, timesteps=STUDENT_TIMESTEPS)
    drawn = batches.noise(0, torch.zeros(64, 1, 1, 1))[1].tolist()
    assert {timestep: drawn.count(timestep) for timestep in set(drawn)} == dict.fromkeys(STUDENT_TIMESTEPS, 16)


def test_the_teacher_is_called_within_each_segment():
    assert [teacher_timesteps(*ends) for ends in ((999, 720), (720, 500), (500, 200), (200, 0))] == [
        [999, 906, 813, 720],
        [720, 647, 573, 500],
        [500, 400, 300, 200],
        [200, 133, 67, 0],
    ]


def test_a_perfect_teacher_teaches_the_glyph_itself(objective, batch, bench, monkeypatch):
    x_0, noise, timesteps, conditioning = batch
    alphas_cumprod = bench.scheduler.alphas_cumprod
    of_row = {tuple(row.tolist()): i for i, row in enumerate(conditioning.class_labels)}

    def oracle(unet, x_t, timestep, rows, null, config):
        own = [of_row[tuple(row.tolist())] for row in rows.class_labels]
        alpha_bar = alphas_cumprod[timestep]
        eps = (x_t - alpha_bar.sqrt() * x_0[own]) / (1 - alpha_bar).sqrt()
        return velocity(x_0[own], eps, alpha_bar)

    monkeypatch.setattr(segments, "guided_output", oracle)
    x_t = add_noise(x_0, noise, alphas_cumprod[timesteps].view(-1, 1, 1, 1))
    assert (objective.targets(x_t, timesteps, conditioning) - x_0).abs().max() < 0.01


def test_one_step_with_the_target_ends_where_the_teachers_steps_end(objective, batch, bench, tiny_pipeline):
    x_0, noise, timesteps, conditioning = batch
    alphas_cumprod, config = bench.scheduler.alphas_cumprod, SampleConfig()
    x_t = add_noise(x_0, noise, alphas_cumprod[timesteps].view(-1, 1, 1, 1))
    target = objective.targets(x_t, timesteps, conditioning)[2:3]
    row, null, x = conditioning.rows([2]), bench.conditioning([""]), x_t[2:3]
    with torch.no_grad():
        for timestep, below in ((500, 400), (400, 300), (300, 200)):
            call = partial(predict, tiny_pipeline.unet, x, torch.tensor([timestep]))
            output = conditional = call(row)
            if timestep >= 400:
                output = output + (config.guidance_scale - 1) * (conditional - call(null))
            if timestep == 500:
                output = output + config.pag_scale * (conditional - call(row, num_perturbed=1))
            x = ddim(output, x, alphas_cumprod[timestep], alphas_cumprod[below])
    eps = (x_t[2:3] - alphas_cumprod[500].sqrt() * target) / (1 - alphas_cumprod[500]).sqrt()
    assert torch.allclose(ddim_step(target, eps, alphas_cumprod[200]), x, atol=1e-4)


def ddim(output, x_t, alpha_bar, alpha_bar_below):
    pred_x_0 = (alpha_bar.sqrt() * x_t - (1 - alpha_bar).sqrt() * output).clamp(-1, 1)
    return ddim_step(pred_x_0, to_eps(output, x_t, alpha_bar, "v_prediction"), alpha_bar_below)


def test_the_student_approaches_the_teacher(bench, tiny_pipeline, objective, batch, tmp_path):
    x_0, noise, timesteps, conditioning = batch
    recipe = dataclasses.replace(RECIPE, batch_size=12, max_samples=12 * 12, loss_balance=1.0, seed=3)
    state = build_state(TINY, recipe, "minilm", torch.device("cpu"))

    def loss() -> float:
        with torch.no_grad():
            denoise = partial(predict, state.unet, conditioning=conditioning)
            return objective(denoise, x_0, noise, timesteps, conditioning).mean().item()

    before = loss()
    batches = TrainingBatches(bench.dataset, bench.conditioning, seed=0, timesteps=STUDENT_TIMESTEPS)
    monitor = bench.monitor(tmp_path, state)
    train(state, recipe, batches, bench.scheduler, Accelerator(cpu=True), monitor, objective=objective)
    assert loss() < 0.8 * before


def test_the_command_is_the_trainer_with_other_defaults(monkeypatch):
    started = []
    monkeypatch.setattr(command, "main", lambda *given: started.append(command.parse(*given)) or 0)
    assert distill.main(["--resume", "--output", "elsewhere"]) == 0
    (options,) = started
    assert options.resume and str(options.output) == "elsewhere" and options.teacher == DEFAULT_CHECKPOINT
    assert command.recipe_from(options).loss_balance == 1


def test_a_student_starts_with_the_teachers_weights(tmp_path):
    options = command.parse(["--teacher", str(DEFAULT_CHECKPOINT), "--output", str(tmp_path)])
    state = command.start_or_resume(ModelConfig(), Recipe(), "minilm", torch.device("cpu"), options)
    teacher = GlyffuserPipeline.load(DEFAULT_CHECKPOINT)
    assert state.counters.samples_seen == teacher.config.samples_seen
    for mine, own in zip(state.unet.parameters(), teacher.unet.parameters(), strict=True):
        assert torch.equal(mine, own)
