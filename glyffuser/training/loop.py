"""The training loop."""

import math
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

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

Objective = Callable[[Denoise, torch.Tensor, torch.Tensor, torch.Tensor, Conditioning], torch.Tensor]
"""(denoise, x_0, noise, timesteps, conditioning) -> losses float32 (batch,), before weighting."""

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
        objective: what is minimised; the squared error of the prediction (Ho et al. 2020) when not given.

    Raises:
        StateError: if a loss is not finite, or the last state cannot be written.
    """
    prepare_for_training(state.unet, accelerator.device, accelerator.mixed_precision)
    denoiser = accelerator.prepare(Denoiser(state.unet))
    objective = objective or denoising_objective(scheduler)
    counters, is_main = state.counters, accelerator.is_main_process
    monitor = Monitor(monitor_config, scheduler, accelerator, counters.samples_seen) if is_main else None
    progress_bar = tqdm(total=recipe.max_samples, initial=counters.plan_samples, unit="sample", disable=not is_main)
    samples_per_step = recipe.batch_size * accelerator.num_processes
    last_save = last_step = time.monotonic()
    while True:
        progress = recipe.progress(counters.plan_samples, counters.plan_seconds)
        progress, stop = broadcast_values(accelerator, progress, float(should_stop()))
        if stop or progress >= 1:
            break
        set_rates(state.optimizers, recipe, recipe.rate_factor(counters.step, progress))
        loss = train_step(state, recipe, batches, objective, accelerator, denoiser)
        now = time.monotonic()
        counters.advance(samples_per_step, now - last_step)
        last_step = now
        check_finite(loss, counters.samples_seen)
        progress_bar.update(samples_per_step)
        if monitor is None:
            continue
        if (mean_loss := monitor.log_loss(state, loss)) is not None:
            progress_bar.set_postfix(loss=f"{mean_loss:.4f}", seen=f"{counters.samples_seen:,}")
        monitor.log_if_due(state, counters.samples_seen - samples_per_step)
        if time.monotonic() - last_save > SAVE_SECONDS:
            last_save = time.monotonic()
            save_or_warn(state, monitor_config.folder / STATE_FILE)
    progress_bar.close()
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
) -> float:
    """Take one optimizer step on the next batch; returns the mean loss over all processes, before weighting."""
    start = state.counters.samples_seen + accelerator.process_index * recipe.batch_size
    x_0, conditioning, _ = batches.samples(start, recipe.batch_size)
    noise, timesteps = batches.noise(start, x_0)
    conditioning = conditioning.to(accelerator.device)
    x_0, noise, timesteps = (part.to(accelerator.device) for part in (x_0, noise, timesteps))
    losses = objective(denoiser, x_0, noise, timesteps, conditioning)
    accelerator.backward((losses * state.balance.weights(timesteps)).mean())
    losses = accelerator.gather(losses.detach())
    state.balance.observe(accelerator.gather(timesteps), losses)
    accelerator.clip_grad_norm_(state.unet.parameters(), recipe.max_grad_norm)
    for optimizer in state.optimizers.values():
        optimizer.step()
        optimizer.zero_grad()
    state.ema.step(state.unet.parameters())
    return losses.mean().item()


def denoising_objective(scheduler: SchedulerMixin) -> Objective:
    """The training loss of diffusion models, `glyffuser.diffusion.training_loss`."""

    def losses(
        denoise: Denoise, x_0: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning
    ) -> torch.Tensor:
        return training_loss(partial(denoise, conditioning=conditioning), x_0, noise, timesteps, scheduler)

    return losses


def check_finite(loss: float, samples_seen: int) -> None:
    """Stop a run that diverged, before its weights are saved.

    Raises:
        StateError: if the loss is not finite.
    """
    if not math.isfinite(loss):
        raise StateError(
            f"the loss was {loss} after {samples_seen:,} samples: the state that was saved last is kept, go on from it "
            "with --resume and lower learning rates"
        )


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
