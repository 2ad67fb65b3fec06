"""Noise schedule, exact conversions, training loss and the sampling loop; independent of network and text.

Notation of Ho et al. 2020 with alpha_bar = alphas_cumprod: x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import SupportsIndex

import torch
import torch.nn.functional as F
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    SchedulerMixin,
)

from glyffuser.config import GLYPH_SIZE, MAX_SEED, InputError
from glyffuser.spacing import spaced_timesteps

Predict = Callable[[torch.Tensor, int], torch.Tensor]
"""(x_t (batch, 1, 128, 128), timestep) -> model output of the same shape; closes over conditioning and guidance."""


@dataclass(frozen=True)
class Frame:
    """One denoising step of a batch.

    Attributes:
        step: 1 to `num_inference_steps`.
        num_inference_steps: number of steps of the run.
        timestep: where the model was called, from 999 (noise) down to 0 (clean).
        next_timestep: noise level of `x_t`, where the model is called next; 0 after the last step.
        x_t: float32 (batch, 1, 128, 128), the glyphs after the step; after the last step finished, in [-1, 1].
        pred_x_0: float32 (batch, 1, 128, 128) in [-1, 1], the model's guess of the clean glyphs at `timestep`.
    """

    step: int
    num_inference_steps: int
    timestep: int
    next_timestep: int
    x_t: torch.Tensor
    pred_x_0: torch.Tensor


@dataclass(frozen=True)
class Run:
    """A run that is prepared and has not taken a step yet.

    Attributes:
        x_t: float32 (batch, 1, 128, 128), the start: pure noise, or glyphs noised to the first timestep.
        timesteps: where the model will be called, from noisy to clean.
        frames: yields one frame per timestep.
    """

    x_t: torch.Tensor
    timesteps: list[int]
    frames: Iterator[Frame]


SAMPLERS: dict[str, Callable[..., SchedulerMixin]] = {
    # DPM-Solver++ (Lu et al. 2022), second order, stochastic: fresh noise at every step
    "dpm++-sde": partial(DPMSolverMultistepScheduler.from_config, algorithm_type="sde-dpmsolver++"),
    # the same, deterministic
    "dpm++": partial(DPMSolverMultistepScheduler.from_config, algorithm_type="dpmsolver++"),
    # DDIM (J. Song et al. 2021), first order, deterministic
    "ddim": DDIMScheduler.from_config,
    # ancestral sampling (Ho et al. 2020): fresh noise at every step
    "ddpm": DDPMScheduler.from_config,
}


def training_scheduler(prediction_type: str = "v_prediction") -> DDPMScheduler:
    """The noise schedule of training: 1000 timesteps, beta from 0.0001 to 0.02 (Ho et al. 2020, section 4)."""
    return DDPMScheduler(
        num_train_timesteps=1000,
        beta_schedule="linear",
        prediction_type=prediction_type,
        timestep_spacing="trailing",
    )


def initial_noise(seeds: Sequence[SupportsIndex]) -> tuple[torch.Tensor, list[torch.Generator]]:
    """Draw the noise of each seed, on the CPU and therefore the same on every device.

    Returns:
        float32 (batch, 1, 128, 128), and one generator per seed, from which stochastic samplers draw further noise.

    Raises:
        InputError: for a seed that is no whole number, or outside 0 to 2^32 - 1.
    """
    whole_seeds = [_whole(seed) for seed in seeds]
    for seed in whole_seeds:
        if not 0 <= seed <= MAX_SEED:
            raise InputError(
                "seed_out_of_range", "a seed must lie between 0 and {most}, got {seed}", most=MAX_SEED, seed=seed
            )
    generators = [torch.Generator().manual_seed(seed) for seed in whole_seeds]
    noise = [torch.randn(1, GLYPH_SIZE, GLYPH_SIZE, generator=generator) for generator in generators]
    return torch.stack(noise), generators


def _whole(seed: SupportsIndex) -> int:
    """A seed of any integer type, such as NumPy's, as an int."""
    try:
        return operator.index(seed)
    except TypeError as error:
        raise InputError("seed_no_number", "a seed must be a whole number, got {seed}", seed=repr(seed)) from error


def make_sampler(
    name: str, scheduler: SchedulerMixin, num_inference_steps: int, spacing: str = "even"
) -> SchedulerMixin:
    """A new sampler for one run (samplers hold state), with the training scheduler's noise schedule.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in SAMPLERS:
        raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, got {name!r}")
    # values only: from_config replaces those named in a config's `_use_default_values` by defaults of the new class
    config = {key: scheduler.config[key] for key in _SHARED_CONFIG}
    sampler = SAMPLERS[name](config)
    timesteps = spaced_timesteps(num_inference_steps, spacing, scheduler.config.num_train_timesteps)
    if isinstance(sampler, DDIMScheduler):  # its set_timesteps takes no list
        sampler.set_timesteps(num_inference_steps)
        sampler.timesteps = torch.tensor(timesteps)
    else:
        sampler.set_timesteps(timesteps=timesteps)
    return sampler


_SHARED_CONFIG = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "prediction_type",
    "timestep_spacing",
)


@torch.inference_mode()
def sample(
    predict: Predict,
    x_t: torch.Tensor,
    sampler: SchedulerMixin,
    timesteps: list[int],
    generators: list[torch.Generator],
) -> Iterator[Frame]:
    """Denoise a batch, one frame per call of the model.

    Args:
        predict: the model, guidance included.
        x_t: float32 (batch, 1, 128, 128), glyphs noised to the first timestep: pure noise at 999.
        sampler: from `make_sampler`.
        timesteps: those of the sampler, or the last of them.
        generators: one per glyph; stochastic samplers draw their noise from them.

    Raises:
        FloatingPointError: if the finished glyphs are not finite numbers.
    """
    num_steps = len(timesteps)
    alphas_cumprod = sampler.alphas_cumprod.to(x_t.device)
    prediction_type = sampler.config.prediction_type
    for step, (timestep, next_timestep) in enumerate(pairwise([*timesteps, 0]), start=1):
        output = predict(x_t, timestep)
        alpha_bar = alphas_cumprod[timestep]
        pred_x_0 = to_x_0(output, x_t, alpha_bar, prediction_type).clamp(-1, 1)
        is_last = step == num_steps
        if isinstance(sampler, DDIMScheduler):
            # its own step ends one timestep off where the number of steps does not divide 1000
            alpha_bar_next = torch.ones_like(alpha_bar) if is_last else alphas_cumprod[next_timestep]
            x_t = ddim_step(pred_x_0, to_eps(output, x_t, alpha_bar, prediction_type), alpha_bar_next)
        else:
            x_t = sampler.step(output, timestep, x_t, generator=generators).prev_sample
        if is_last:
            if not x_t.isfinite().all():
                raise FloatingPointError("the network's output is not finite; try float32")
            x_t = x_t.clamp(-1, 1)
        yield Frame(step, num_steps, timestep, next_timestep, x_t, pred_x_0)


# --- single steps over any stride; the samplers above take the same steps within their own timesteps


def ddim_step(pred_x_0: torch.Tensor, eps: torch.Tensor, alpha_bar_previous: torch.Tensor) -> torch.Tensor:
    """x_{t-k} without fresh noise: pred_x_0, noised again with the predicted noise (DDIM, J. Song et al. 2021, eq. 12).

    Args:
        pred_x_0: the predicted clean glyph.
        eps: the predicted noise.
        alpha_bar_previous: alphas_cumprod at t - k, 1 when t - k lies before the first timestep.
    """
    return add_noise(pred_x_0, eps, alpha_bar_previous)


def ddpm_step(
    x_t: torch.Tensor,
    pred_x_0: torch.Tensor,
    alpha_bar: torch.Tensor,
    alpha_bar_previous: torch.Tensor,
    fresh_noise: torch.Tensor,
) -> torch.Tensor:
    """x_{t-k} drawn from the posterior q(x_{t-k} | x_t, x_0) (Ho et al. 2020, equations 6 and 7).

    Args:
        x_t: the noised glyph.
        pred_x_0: the predicted clean glyph, in place of x_0.
        alpha_bar: alphas_cumprod at t.
        alpha_bar_previous: as in `ddim_step`.
        fresh_noise: standard Gaussian, of the same shape.
    """
    alpha = alpha_bar / alpha_bar_previous
    beta = 1 - alpha
    mean = (alpha_bar_previous.sqrt() * beta * pred_x_0 + alpha.sqrt() * (1 - alpha_bar_previous) * x_t) / (
        1 - alpha_bar
    )
    variance = (1 - alpha_bar_previous) / (1 - alpha_bar) * beta
    return mean + variance.sqrt() * fresh_noise


# --- conversions; `alpha_bar` is a scalar or broadcasts against (batch, 1, 128, 128)


def add_noise(x_0: torch.Tensor, noise: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """x_t from a clean glyph and noise (Ho et al. 2020, equation 4)."""
    return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * noise


def velocity(x_0: torch.Tensor, noise: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0 (Salimans & Ho 2022, section 4)."""
    return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * x_0


def to_x_0(output: torch.Tensor, x_t: torch.Tensor, alpha_bar: torch.Tensor, prediction_type: str) -> torch.Tensor:
    """Convert a model output to the predicted x_0.

    Args:
        output: the model's output for `x_t`.
        x_t: the noised glyph.
        alpha_bar: alphas_cumprod at the timestep.
        prediction_type: "epsilon", "v_prediction" or "sample".

    Raises:
        ValueError: for another prediction type.
    """
    signal, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if prediction_type == "v_prediction":
        return signal * x_t - sigma * output
    if prediction_type == "epsilon":
        return (x_t - sigma * output) / signal
    if prediction_type == "sample":
        return output
    raise ValueError(f"prediction_type must be epsilon, v_prediction or sample, got {prediction_type!r}")


def to_eps(output: torch.Tensor, x_t: torch.Tensor, alpha_bar: torch.Tensor, prediction_type: str) -> torch.Tensor:
    """Convert a model output to the predicted noise; arguments and errors as in `to_x_0`."""
    signal, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    if prediction_type == "v_prediction":
        return sigma * x_t + signal * output
    if prediction_type == "epsilon":
        return output
    return (x_t - signal * to_x_0(output, x_t, alpha_bar, prediction_type)) / sigma


def training_target(
    x_0: torch.Tensor, noise: torch.Tensor, alpha_bar: torch.Tensor, prediction_type: str
) -> torch.Tensor:
    """The output of a perfect model, given x_0 and noise; arguments and errors as in `to_x_0`."""
    if prediction_type == "v_prediction":
        return velocity(x_0, noise, alpha_bar)
    if prediction_type == "epsilon":
        return noise
    if prediction_type == "sample":
        return x_0
    raise ValueError(f"prediction_type must be epsilon, v_prediction or sample, got {prediction_type!r}")


def training_loss(
    predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    x_0: torch.Tensor,
    noise: torch.Tensor,
    timesteps: torch.Tensor,
    scheduler: SchedulerMixin,
    overshoot_weight: float = 1.0,
) -> torch.Tensor:
    """Mean squared error of the prediction, per sample (Ho et al. 2020, equation 14).

    Where x_0 is exactly paper or ink, a predicted x_0 beyond it is clipped anyway; there, errors may count less (an
    expectile loss, Newey & Powell 1987).

    Args:
        predict: (x_t, timesteps) -> model output.
        x_0: float32 (batch, 1, 128, 128) in [-1, 1].
        noise: standard Gaussian, of the same shape.
        timesteps: int64 (batch,).
        scheduler: from `training_scheduler`.
        overshoot_weight: of those errors; 1 for the plain squared error.

    Returns:
        float32 (batch,).
    """
    prediction_type = scheduler.config.prediction_type
    # non_blocking: waiting for the copy would be waiting for all that the device has still to do
    alpha_bar = scheduler.alphas_cumprod.to(x_0.device, non_blocking=True)[timesteps].view(-1, 1, 1, 1)
    x_t = add_noise(x_0, noise, alpha_bar)
    output = predict(x_t, timesteps)
    errors = F.mse_loss(output, training_target(x_0, noise, alpha_bar, prediction_type), reduction="none")
    if overshoot_weight != 1:
        pred_x_0 = to_x_0(output.detach(), x_t, alpha_bar, prediction_type)
        is_beyond = (x_0.abs() >= 1) & ((pred_x_0 - x_0) * x_0 > 0)
        errors = torch.where(is_beyond, overshoot_weight, 1.0) * errors
    return errors.flatten(1).mean(dim=1)
