"""The training loop."""

import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from diffusers import SchedulerMixin
from tqdm import tqdm

from glyffuser.diffusion import training_loss
from glyffuser.training.batches import TrainingBatches
from glyffuser.training.monitor import Monitor, MonitorConfig, warn
from glyffuser.training.optimizer import set_rates
from glyffuser.training.precision import Denoiser, prepare_for_training
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import STATE_FILE, StateError, TrainingState
from glyffuser.unet import Conditioning

Denoise = Callable[[torch.Tensor, torch.Tensor, Conditioning], torch.Tensor]
"""(x_t (batch, 1, 128, 128), timesteps (batch,), conditioning) -> model output of the same shape as x_t."""


class Losses(NamedTuple):
    """What an objective finds, one number per glyph.

    Attributes:
        minimised: float32 (batch,), before weighting.
        errors: float32 (batch,), by whose means the noise levels are balanced; often the same.
    """

    minimised: torch.Tensor
    errors: torch.Tensor


Objective = Callable[[Denoise, torch.Tensor, torch.Tensor, torch.Tensor, Conditioning], Losses]
"""(denoise, x_0, noise, timesteps, conditioning) -> losses of a batch."""

LOSS_STEPS = 50
"""Steps whose mean loss is one line of the metrics; losses stay on the device until then: to read is to wait for it."""

SAVE_SECONDS = 450
"""Between two saves; with held-out errors and a grid in between, a kill loses less than ten minutes."""


def train(
    state: TrainingState,
    recipe: Recipe,
    batches: TrainingBatches,
    scheduler: SchedulerMixin,
    accelerator: Accelerator,
    monitor_config: MonitorConfig,
    should_stop: Callable[[], bool] = lambda: False,
    objective: Objective | None = None,
) -> None:
    """Train until the recipe's plan is complete or `should_stop`; saves the state every few minutes and at the end.

    Args:
        state: new or resumed; changed in place.
        recipe: hyperparameters and the plan.
        batches: training samples.
        scheduler: noise schedule, from `training_scheduler`.
        accelerator: device, mixed precision and processes.
        monitor_config: what the main process measures and writes.
        should_stop: called before every step.
        objective: what is minimised; the error of the prediction, `denoising_objective`, when not given.

    Raises:
        StateError: if a loss is not finite, or the last state cannot be written.
    """
    prepare_for_training(state.unet, accelerator.device, accelerator.mixed_precision)
    denoiser = accelerator.prepare(Denoiser(state.unet))
    objective = objective or denoising_objective(scheduler, recipe.overshoot_weight)
    counters, is_main = state.counters, accelerator.is_main_process
    monitor = Monitor(monitor_config, scheduler, accelerator, counters.samples_seen) if is_main else None
    progress_bar = tqdm(total=recipe.max_samples, initial=counters.plan_samples, unit="sample", disable=not is_main)
    samples_per_step = recipe.batch_size * accelerator.num_processes
    losses: list[torch.Tensor] = []
    last_save, last_step = time.monotonic(), None
    while True:
        progress = recipe.progress(counters.plan_samples, counters.plan_seconds)
        progress, stop = broadcast_values(accelerator, progress, float(should_stop()))
        if stop or progress >= 1:
            break
        set_rates(state.optimizers, recipe, recipe.rate_factor(counters.step, progress))
        losses.append(train_step(state, recipe, batches, objective, accelerator, denoiser))
        now = time.monotonic()
        counters.advance(samples_per_step, now - (last_step or now))  # the first step waits for the compiler
        last_step = now
        progress_bar.update(samples_per_step)
        if len(losses) >= LOSS_STEPS:
            report_losses(losses, state, monitor, progress_bar)
        if monitor is None:
            continue
        monitor.log_if_due(state, counters.samples_seen - samples_per_step)
        if time.monotonic() - last_save > SAVE_SECONDS:
            read_mean(losses, counters.samples_seen)
            last_save = time.monotonic()
            save_or_warn(state, monitor_config.folder / STATE_FILE)
    progress_bar.close()
    read_mean(losses, counters.samples_seen)
    accelerator.wait_for_everyone()
    if is_main:
        state.save(monitor_config.folder / STATE_FILE)


def train_step(
    state: TrainingState,
    recipe: Recipe,
    batches: TrainingBatches,
    objective: Objective,
    accelerator: Accelerator,
    denoiser: torch.nn.Module,
) -> torch.Tensor:
    """Take one optimizer step on the next batch; returns the mean loss over all processes, before weighting."""
    start = state.counters.samples_seen + accelerator.process_index * recipe.batch_size
    x_0, noise, timesteps, conditioning = batches.batch(start, recipe.batch_size)
    losses = objective(denoiser, x_0, noise, timesteps, conditioning)
    accelerator.backward((losses.minimised * state.balance.weights(timesteps)).mean())
    minimised, errors = (accelerator.gather(part.detach()) for part in losses)
    state.balance.observe(accelerator.gather(timesteps), errors)
    accelerator.clip_grad_norm_(state.unet.parameters(), recipe.max_grad_norm)
    for optimizer in state.optimizers.values():
        optimizer.step()
        optimizer.zero_grad()
    state.ema.step(state.unet.parameters())
    return minimised.mean()


def denoising_objective(scheduler: SchedulerMixin, overshoot_weight: float) -> Objective:
    """The training loss of diffusion models, `glyffuser.diffusion.training_loss`."""

    def losses(
        denoise: Denoise, x_0: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning
    ) -> Losses:
        def predict(x_t: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
            return denoise(x_t, timesteps, conditioning)

        found = training_loss(predict, x_0, noise, timesteps, scheduler, overshoot_weight)
        return Losses(found, found)

    return losses


def report_losses(
    losses: list[torch.Tensor], state: TrainingState, monitor: Monitor | None, progress_bar: tqdm
) -> None:
    """Write the mean of the latest losses and forget them; errors as of `read_mean`."""
    mean_loss = read_mean(losses, state.counters.samples_seen)
    losses.clear()
    progress_bar.set_postfix(loss=f"{mean_loss:.4f}", seen=f"{state.counters.samples_seen:,}")
    if monitor is not None:
        monitor.log_loss(state, mean_loss)


def read_mean(losses: list[torch.Tensor], samples_seen: int) -> float:
    """The mean of the latest losses, 0 without any; it stops a run that diverged, before its weights are saved.

    Raises:
        StateError: if a loss is not finite.
    """
    loss = torch.stack(losses).mean().item() if losses else 0.0
    if not math.isfinite(loss):
        raise StateError(
            f"the loss was {loss} after {samples_seen:,} samples: the state that was saved last is kept, go on from it "
            "with --resume and lower learning rates"
        )
    return loss


def broadcast_values(accelerator: Accelerator, *values: float) -> list[float]:
    """The main process's values in every process: clocks and signals differ between processes, steps must not."""
    if accelerator.num_processes == 1:
        return list(values)
    return broadcast(torch.tensor(values, dtype=torch.float64, device=accelerator.device)).tolist()


def save_or_warn(state: TrainingState, path: Path) -> None:
    """Save during a run; a failed save is only reported, since a full disk may have room at the next one."""
    try:
        state.save(path)
    except StateError as error:
        warn(str(error))


def stop_on_signals() -> Callable[[], bool]:
    """Make SIGTERM and Ctrl-C end a run after the current step; returns a function that tells if one was received."""
    received = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: received.append(number))
    return lambda: bool(received)
