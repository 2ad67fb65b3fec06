"""Distillation into four calls: what the student is taught, and that it learns it."""

import dataclasses
from functools import partial

import pytest
import torch
from accelerate import Accelerator
from diffusers import DPMSolverMultistepScheduler
from tiny import TINY
from training_bench import RECIPE, Bench

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.config import ModelConfig, SampleConfig
from glyffuser.diffusion import add_noise, ddim_step, make_sampler, sample, to_eps, to_x_0, training_scheduler, velocity
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.training import command, distill, segments
from glyffuser.training.batches import TrainingBatches
from glyffuser.training.loop import train
from glyffuser.training.recipe import DISTILLATION_PRESETS, Recipe
from glyffuser.training.segments import (
    SEGMENTS,
    STUDENT_CONFIG,
    STUDENT_TIMESTEPS,
    TEACHER_CALLS,
    SegmentObjective,
    segment_losses,
    teacher_timesteps,
)
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
    x_0, noise, _, conditioning = bench.batches.batch(0, 4)
    return x_0, noise, torch.tensor(STUDENT_TIMESTEPS), conditioning


def test_the_student_is_sampled_where_it_is_trained(bench, tiny_pipeline):
    assert STUDENT_TIMESTEPS == [999, 720, 500, 200]
    run = tiny_pipeline.begin(["gold"], [0], STUDENT_CONFIG)
    assert run.timesteps == STUDENT_TIMESTEPS
    batches = TrainingBatches(bench.dataset, bench.conditioning, RECIPE, STUDENT_TIMESTEPS)
    drawn = batches.batch(0, 64).timesteps.tolist()
    assert {timestep: drawn.count(timestep) for timestep in set(drawn)} == dict.fromkeys(STUDENT_TIMESTEPS, 16)


def test_the_teacher_is_called_within_each_segment():
    assert [teacher_timesteps(*ends, count) for ends, count in zip(SEGMENTS, TEACHER_CALLS, strict=True)] == [
        [999, 906, 813, 720],
        [720, 676, 632, 588, 544, 500],
        [500, 400, 300, 200],
        [200, 100, 0],
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


@pytest.mark.parametrize("segment", range(4))
def test_one_step_with_the_target_ends_where_the_teachers_steps_end(objective, batch, bench, tiny_pipeline, segment):
    """The teacher's steps are those of diffusers' DPM-Solver++ 2M; the glyphs are faint, so that nothing is clipped."""
    x_0, noise, _, conditioning = batch
    start, end = SEGMENTS[segment]
    timesteps, alphas_cumprod = torch.full((len(x_0),), start), bench.scheduler.alphas_cumprod
    x_t = add_noise(0.2 * x_0, noise, alphas_cumprod[start])
    objective._config = SampleConfig(guidance_scale=1, pag_scale=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "guided_output", faint_output)
        target = objective.targets(x_t, timesteps, conditioning)
    sampler = DPMSolverMultistepScheduler.from_config(bench.scheduler.config, algorithm_type="dpmsolver++")
    called = teacher_timesteps(start, end, TEACHER_CALLS[segment])
    after = [100, 50] if end > 100 else []  # else the last step would be of first order
    sampler.set_timesteps(timesteps=called[:-1] + ([end, *after] if end else []))
    x = x_t
    for timestep in called[:-1]:
        x = sampler.step(faint_output(None, x, timestep, conditioning, None, None), timestep, x).prev_sample
    alpha_bar_end = alphas_cumprod[end] if end else torch.ones(())
    eps = to_eps(target, x_t, alphas_cumprod[start], "sample")
    assert torch.allclose(ddim_step(target, eps, alpha_bar_end), x, atol=1e-4)


def faint_output(unet, x_t, timestep, conditioning, null, config):
    """The velocity of a guess that bends with noise level and glyph, and stays within [-1, 1]."""
    alpha_bar = training_scheduler().alphas_cumprod[timestep]
    guess = 0.5 * torch.sin(2 * x_t + timestep / 100)
    return velocity(guess, to_eps(guess, x_t, alpha_bar, "sample"), alpha_bar)


def test_the_teacher_is_guided_as_glyphs_are_sampled(objective, batch, bench, tiny_pipeline):
    x_0, noise, timesteps, conditioning = batch
    x_t = add_noise(x_0, noise, bench.scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1))
    target = objective.targets(x_t, timesteps, conditioning)[3:]  # 200 and 100: without guidance
    row, alphas_cumprod, config = conditioning.rows([3]), bench.scheduler.alphas_cumprod, SampleConfig()
    with torch.no_grad():
        guess = guess_of(predict(tiny_pipeline.unet, x_t[3:], torch.tensor([200]), row), x_t[3:], alphas_cumprod[200])
        x = ddim_step(guess, to_eps(guess, x_t[3:], alphas_cumprod[200], "sample"), alphas_cumprod[100])
        last = guess_of(predict(tiny_pipeline.unet, x, torch.tensor([100]), row), x, alphas_cumprod[100])
    assert torch.allclose(target, last, atol=1e-4)
    called = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "guided_output", lambda *given: called.append(given) or torch.zeros_like(given[1]))
        objective.targets(x_t, timesteps, conditioning)
    assert [given[2] for given in called] == [999, 906, 813, 720, 676, 632, 588, 544, 500, 400, 300, 200, 100]
    assert all(given[5] == config and given[4].encoder_attention_mask.shape[0] == 1 for given in called)


def guess_of(output, x_t, alpha_bar):
    return to_x_0(output, x_t, alpha_bar, "v_prediction").clamp(-1, 1)


def test_every_other_jump_begins_where_the_students_own_jumps_lead(objective, bench, tiny_pipeline):
    x_0, noise, _, conditioning = bench.batches.batch(0, 8)
    timesteps = torch.tensor([500, 999, 200, 720, 720, 200, 999, 500])
    x_t = objective.starts(partial(predict, tiny_pipeline.unet), x_0, noise, timesteps, conditioning)
    noised = add_noise(x_0, noise, bench.scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1))
    assert torch.equal(x_t[4:], noised[4:])  # the second row of each segment

    def student(x, timestep):
        return predict(tiny_pipeline.unet, x, torch.full((4,), timestep), conditioning.rows(slice(0, 4)))

    sampler = make_sampler("ddim", bench.scheduler, 4, STUDENT_CONFIG.spacing)
    generators = [torch.Generator() for _ in range(4)]
    frames = list(sample(student, noise[:4], sampler, STUDENT_TIMESTEPS, generators))
    reached = {999: noise[:4]} | {frame.next_timestep: frame.x_t for frame in frames}
    for row, timestep in enumerate(timesteps[:4].tolist()):
        assert torch.allclose(x_t[row], reached[timestep][row], atol=1e-5), timestep


def test_the_students_own_jumps_are_not_trained_through(objective, batch, tiny_pipeline):
    grad_modes = []

    def student(x_t, timesteps, conditioning):
        grad_modes.append(torch.is_grad_enabled())
        return predict(tiny_pipeline.unet, x_t, timesteps, conditioning)

    objective(student, *batch)
    assert grad_modes == [False, False, False, True]


@pytest.mark.parametrize(
    ("timestep", "target", "predicted", "error"),
    [
        (999, 0.5, 1.5, 1.0),
        (720, -1.0, -2.0, 1.0),
        (500, 0.5, 1.5, 0.4 * (1.04**0.5 - 0.2)),
        (500, 1.0, 2.0, 0.4 * (1.04**0.5 - 0.2)),
        (200, 1.0, 0.0, 0.4 * (1.04**0.5 - 0.2)),
        (200, 0.9, 1.9, 0.4 * (1.04**0.5 - 0.2)),
        (200, 0.9995, 1.9995, 0.04 * (1.04**0.5 - 0.2)),
        (200, -1.0, -2.0, 0.04 * (1.04**0.5 - 0.2)),
    ],
)
def test_errors_of_each_segment(timestep, target, predicted, error):
    shape = (1, 1, 2, 2)
    losses = segment_losses(
        torch.full(shape, predicted), torch.full(shape, target), torch.tensor([timestep]), overshoot_weight=0.1
    )
    assert losses.minimised.tolist() == pytest.approx([error], rel=1e-4)
    assert losses.errors.tolist() == pytest.approx([1.0], rel=1e-4)


def test_the_student_approaches_the_teacher(bench, tiny_pipeline, objective, batch, tmp_path):
    x_0, noise, timesteps, conditioning = batch
    recipe = dataclasses.replace(RECIPE, batch_size=12, max_samples=12 * 12, loss_balance=1.0, seed=3)
    state = build_state(TINY, recipe, "minilm", torch.device("cpu"))

    def loss() -> float:
        with torch.no_grad():
            return objective(partial(predict, state.unet), x_0, noise, timesteps, conditioning).minimised.mean().item()

    before = loss()
    batches = TrainingBatches(bench.dataset, bench.conditioning, recipe, STUDENT_TIMESTEPS)
    monitor = bench.monitor(tmp_path, state)
    train(state, recipe, batches, bench.scheduler, Accelerator(cpu=True), monitor, objective=objective)
    assert loss() < 0.8 * before


def test_the_command_is_the_trainer_with_other_defaults(monkeypatch):
    started = []
    monkeypatch.setattr(command, "main", lambda *given: started.append(command.parse(*given)) or 0)
    assert distill.main(["--resume", "--output", "elsewhere"]) == distill.main(["--recipe", "one-gpu"]) == 0
    options, on_gpu = started
    assert options.resume and str(options.output) == "elsewhere" and options.teacher == DEFAULT_CHECKPOINT
    assert command.recipe_from(options) == DISTILLATION_PRESETS["two-cores"].recipe
    assert command.recipe_from(on_gpu) == DISTILLATION_PRESETS["one-gpu"].recipe and on_gpu.error_samples == 0


def test_a_run_can_be_the_teacher(bench, tmp_path):
    """It needs no export; the student begins with its averaged weights, and draws with its prior."""
    trained = bench.train(tmp_path / "run", bench.state(), stop_after=2)
    options = command.parse(["--teacher", str(tmp_path / "run"), "--output", str(tmp_path / "fast")])
    student = command.start_or_resume(TINY, RECIPE, "minilm", torch.device("cpu"), options)
    assert student.counters.samples_seen == 8
    assert all(map(torch.equal, student.unet.parameters(), trained.ema.shadow_params))
    assert command.prior_folder(options) == tmp_path / "run" / "glyph_prior"
    accelerator = Accelerator(cpu=True)
    objective = command.segment_objective(options.teacher, bench.conditioning, accelerator, RECIPE)
    assert all(map(torch.equal, objective._teacher.parameters(), trained.ema.shadow_params))


def test_a_student_starts_with_the_teachers_weights(tmp_path):
    options = command.parse(["--teacher", str(DEFAULT_CHECKPOINT), "--output", str(tmp_path)])
    state = command.start_or_resume(ModelConfig(), Recipe(), "minilm", torch.device("cpu"), options)
    teacher = GlyffuserPipeline.load(DEFAULT_CHECKPOINT)
    assert state.counters.samples_seen == teacher.config.samples_seen
    for mine, own in zip(state.unet.parameters(), teacher.unet.parameters(), strict=True):
        assert torch.equal(mine, own)
