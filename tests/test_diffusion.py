from itertools import pairwise

import pytest
import torch
from diffusers import DDPMScheduler

from glyffuser.config import InputError
from glyffuser.diffusion import (
    SAMPLERS,
    add_noise,
    ddim_step,
    ddpm_step,
    make_sampler,
    sample,
    to_eps,
    to_x_0,
    training_loss,
    training_scheduler,
    training_target,
)
from glyffuser.spacing import DENSE_CENTRE, spaced_timesteps

PREDICTION_TYPES = ["epsilon", "v_prediction", "sample"]


@pytest.fixture
def x_0() -> torch.Tensor:
    return torch.rand(2, 1, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def noise() -> torch.Tensor:
    return torch.randn(2, 1, 128, 128, generator=torch.Generator().manual_seed(1))


def test_the_schedule_is_the_linear_one_of_ho_et_al():
    betas = training_scheduler().betas
    assert torch.allclose(betas, torch.linspace(1e-4, 0.02, 1000))


@pytest.mark.parametrize("timestep", [0, 1, 500, 998, 999])
def test_adding_noise_agrees_with_diffusers(x_0, noise, timestep):
    scheduler = training_scheduler()
    expected = scheduler.add_noise(x_0, noise, torch.tensor([timestep]))
    assert torch.allclose(add_noise(x_0, noise, scheduler.alphas_cumprod[timestep]), expected, atol=1e-6)


@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
@pytest.mark.parametrize("timestep", [1, 300, 700])
def test_a_perfect_prediction_gives_back_glyph_and_noise(x_0, noise, timestep, prediction_type):
    alpha_bar = training_scheduler().alphas_cumprod[timestep].double()
    x_0, noise = x_0.double(), noise.double()
    x_t = add_noise(x_0, noise, alpha_bar)
    output = training_target(x_0, noise, alpha_bar, prediction_type)
    assert torch.allclose(to_x_0(output, x_t, alpha_bar, prediction_type), x_0, atol=1e-5)
    assert torch.allclose(to_eps(output, x_t, alpha_bar, prediction_type), noise, atol=1e-5)


def test_velocity_agrees_with_diffusers(x_0, noise):
    scheduler = training_scheduler()
    timesteps = torch.tensor([10, 800])
    alpha_bar = scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    expected = scheduler.get_velocity(x_0, noise, timesteps)
    assert torch.allclose(training_target(x_0, noise, alpha_bar, "v_prediction"), expected, atol=1e-6)


def test_other_prediction_types_are_refused(x_0, noise):
    with pytest.raises(ValueError, match="got 'score'"):
        to_x_0(x_0, noise, torch.tensor(0.5), "score")
    with pytest.raises(ValueError, match="got 'score'"):
        training_target(x_0, noise, torch.tensor(0.5), "score")


@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
def test_the_loss_of_a_perfect_and_of_a_zero_prediction(x_0, noise, prediction_type):
    scheduler = training_scheduler(prediction_type)
    timesteps = torch.tensor([100, 900])
    alpha_bar = scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    target = training_target(x_0, noise, alpha_bar, prediction_type)
    assert (training_loss(lambda x_t, t: target, x_0, noise, timesteps, scheduler) == 0).all()
    silence = training_loss(lambda x_t, t: torch.zeros_like(x_t), x_0, noise, timesteps, scheduler)
    assert torch.allclose(silence, target.square().mean(dim=(1, 2, 3)))


@pytest.mark.parametrize("prediction_type", PREDICTION_TYPES)
def test_errors_beyond_paper_and_ink_count_less(prediction_type):
    """Four pixels: paper, ink, and twice grey; the prediction lies beyond them, or short of them."""
    x_0 = torch.tensor([1.0, -1.0, 0.9, -0.9]).view(1, 1, 2, 2)
    noise, timesteps = torch.zeros_like(x_0), torch.tensor([300])
    scheduler = training_scheduler(prediction_type)
    alpha_bar = scheduler.alphas_cumprod[300]

    def errors(factor, overshoot_weight):
        def predict(x_t, timesteps):
            guess = factor * x_0
            return training_target(guess, to_eps(guess, x_t, alpha_bar, "sample"), alpha_bar, prediction_type)

        return training_loss(predict, x_0, noise, timesteps, scheduler, overshoot_weight)

    assert torch.equal(errors(0.5, 0.1), errors(0.5, 1.0))
    counted = (2 * 0.1 + 2 * 0.81) / (2 + 2 * 0.81)  # squared errors are as the squares of the pixels
    assert torch.allclose(errors(1.5, 0.1), counted * errors(1.5, 1.0))


def oracle(x_0, scheduler: DDPMScheduler):
    """The perfect model for a data set of one glyph: it always sees that glyph behind the noise."""

    def predict(x_t, timestep):
        alpha_bar = scheduler.alphas_cumprod[timestep]
        noise = (x_t - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt()
        return training_target(x_0, noise, alpha_bar, scheduler.config.prediction_type)

    return predict


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in (5, 6)]


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("num_steps", [1, 2, 3, 25, 61, 120, 150])
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_ends_at_the_glyph_that_the_model_predicts(name, num_steps, prediction_type, x_0, noise):
    scheduler = training_scheduler(prediction_type)
    sampler = make_sampler(name, scheduler, num_steps)
    frames = list(sample(oracle(x_0, scheduler), noise, sampler, sampler.timesteps.tolist(), generators()))
    assert [frame.step for frame in frames] == list(range(1, num_steps + 1))
    assert frames[0].timestep == 999 and all(a.timestep > b.timestep for a, b in pairwise(frames))
    assert all((frame.pred_x_0 - x_0).abs().max() < 0.02 for frame in frames)
    assert (frames[-1].x_t - x_0).abs().mean() < 0.02
    assert frames[-1].x_t.abs().max() <= 1


@pytest.mark.parametrize("num_steps", [3, 25, 30, 61, 101])
def test_ddim_is_as_noisy_as_the_next_timestep_says(num_steps, x_0, noise):
    scheduler = training_scheduler()
    sampler = make_sampler("ddim", scheduler, num_steps)
    x_0, noise = x_0.double(), noise.double()
    x_t = add_noise(x_0, noise, scheduler.alphas_cumprod[-1])
    for frame in sample(oracle(x_0, scheduler), x_t, sampler, sampler.timesteps.tolist(), generators()):
        expected = add_noise(x_0, noise, scheduler.alphas_cumprod[frame.next_timestep])
        assert (frame.x_t - (expected if frame.step < num_steps else x_0)).abs().mean() < 1e-3, frame.step


@pytest.mark.parametrize(
    ("name", "is_random"), [("dpm++", False), ("ddim", False), ("dpm++-sde", True), ("ddpm", True)]
)
def test_only_the_stochastic_samplers_use_the_generators(name, is_random, noise):
    scheduler = training_scheduler()

    def run(seed):
        sources = [torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)]
        sampler = make_sampler(name, scheduler, 4)
        timesteps = sampler.timesteps.tolist()
        return list(sample(lambda x_t, t: 0.1 * x_t, noise, sampler, timesteps, sources))[-1].x_t

    assert torch.equal(run(1), run(1))
    assert torch.equal(run(1), run(2)) != is_random


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_number_of_steps_begins_with_noise_and_ends_near_the_glyph(name):
    scheduler = training_scheduler()
    for num_steps in range(1, 1001):
        timesteps = make_sampler(name, scheduler, num_steps).timesteps.tolist()
        assert len(timesteps) == len(set(timesteps)) == num_steps and timesteps == sorted(timesteps, reverse=True)
        assert timesteps[0] == 999 and 0 <= timesteps[-1] < 1000 / num_steps


def test_the_dense_spacing_places_its_steps_around_the_middle():
    for num_steps in range(1, 501):
        timesteps = spaced_timesteps(num_steps, "middle")
        assert len(set(timesteps)) == num_steps and timesteps == sorted(timesteps, reverse=True)
        assert timesteps[0] == 999 and timesteps[-1] >= 0
    gaps = {timestep: timestep - below for timestep, below in pairwise(spaced_timesteps(25, "middle"))}
    at_the_middle = min(gaps, key=lambda timestep: abs(timestep - 1000 * DENSE_CENTRE))
    assert gaps[at_the_middle] < 0.8 * 1000 / 25 < 40 < min(gaps[999], list(gaps.values())[-1])


def test_more_steps_than_timesteps_are_refused():
    with pytest.raises(InputError, match="1000 steps are too many for the spacing middle"):
        spaced_timesteps(1000, "middle")
    with pytest.raises(ValueError, match="must be one of middle, segments, even, got 'odd'"):
        spaced_timesteps(10, "odd")


def test_outputs_that_are_not_finite_are_refused(noise):
    sampler = make_sampler("dpm++", training_scheduler(), 3)
    with pytest.raises(FloatingPointError, match="not finite"):
        list(sample(lambda x_t, t: x_t * torch.nan, noise, sampler, sampler.timesteps.tolist(), generators()))


def test_unknown_samplers_are_named():
    with pytest.raises(ValueError, match="must be one of dpm.*, got 'euler'"):
        make_sampler("euler", training_scheduler(), 10)


def test_each_run_gets_a_new_sampler():
    scheduler = training_scheduler()
    assert make_sampler("dpm++", scheduler, 10) is not make_sampler("dpm++", scheduler, 10)


@pytest.mark.parametrize("stride", [10, 100, 250])
@pytest.mark.parametrize("name", ["ddim", "ddpm"])
def test_single_steps_agree_with_diffusers(name, stride, x_0, noise):
    scheduler = training_scheduler()
    sampler = make_sampler(name, scheduler, 1000 // stride)
    for timestep in (999, 999 - stride, 999 - 2 * stride, stride - 1):
        alpha_bar = scheduler.alphas_cumprod[timestep]
        previous = timestep - stride
        alpha_bar_previous = scheduler.alphas_cumprod[previous] if previous >= 0 else torch.tensor(1.0)
        x_t = add_noise(x_0, noise, alpha_bar)
        output = training_target(0.9 * x_0, noise, alpha_bar, "v_prediction")
        pred_x_0 = to_x_0(output, x_t, alpha_bar, "v_prediction").clamp(-1, 1)
        if name == "ddim":
            eps = to_eps(output, x_t, alpha_bar, "v_prediction")
            ours, theirs = ddim_step(pred_x_0, eps, alpha_bar_previous), sampler.step(output, timestep, x_t)
        else:
            fresh = torch.cat([torch.randn(1, 1, 128, 128, generator=g) for g in generators()])
            ours = ddpm_step(x_t, pred_x_0, alpha_bar, alpha_bar_previous, fresh)
            theirs = sampler.step(output, timestep, x_t, generator=generators())
        assert torch.allclose(ours, theirs.prev_sample, atol=1e-4), timestep


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_run_may_begin_in_the_middle(name, x_0, noise):
    scheduler = training_scheduler()
    sampler = make_sampler(name, scheduler, 20)
    timesteps = sampler.timesteps.tolist()[12:]
    x_t = add_noise(-x_0, noise, scheduler.alphas_cumprod[timesteps[0]])
    frames = list(sample(oracle(x_0, scheduler), x_t, sampler, timesteps, generators()))
    assert [frame.timestep for frame in frames] == timesteps and frames[0].num_inference_steps == 8
    assert (frames[-1].x_t - x_0).abs().mean() < 0.02
