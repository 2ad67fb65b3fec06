"""The training loop."""

import math
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from diffusers import SchedulerMixin, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from diffusers.training_utils import EMAModel
from safetensors import SafetensorError
from torch import nn
from tqdm import tqdm

from glyffuser.config import GLYPH_SIZE, ModelConfig, SampleConfig
from glyffuser.diffusion import training_loss, training_scheduler
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.training.balance import LossBalance
from glyffuser.training.batches import TrainingBatches
from glyffuser.training.monitor import HeldOut, Metrics, averaged_weights, held_out_errors, warn, write_grid
from glyffuser.training.optimizer import make_optimizers, set_rates
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import (
    STATE_FILE,
    Counters,
    StateError,
    TrainingState,
    read_averaged_weights,
    read_metadata,
)
from glyffuser.unet import Conditioning, build_unet, predict

PRIOR_FOLDER = "glyph_prior"
SAVE_SECONDS = 450
"""Between two saves; with a look at errors and grid in between, less than ten minutes are lost by a kill."""

LOSS_STEPS = 50
"""Steps that one line of losses averages."""


class Denoiser(nn.Module):
    """The U-net as a module that takes glyphs; what accelerate wraps for several devices and mixed precision."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, x_t: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
        """As `glyffuser.unet.predict`."""
        return predict(self.unet, x_t, timesteps, conditioning)


@dataclass(frozen=True)
class Watch:
    """What is looked at during a run, and how often.

    Attributes:
        folder: where metrics, grids and the state go.
        held_out: glyphs that are never trained on.
        pipeline: the network that is trained, as a pipeline, for the grids.
        error_samples: samples between two looks at the held-out errors; 0 never looks.
        grid_samples: samples between two grids; 0 draws none.
        grid_config: how they are sampled.
    """

    folder: Path
    held_out: HeldOut
    pipeline: GlyffuserPipeline
    error_samples: int = 20_000
    grid_samples: int = 40_000
    grid_config: SampleConfig = SampleConfig()


def build_state(
    config: ModelConfig,
    recipe: Recipe,
    text_encoder_name: str,
    device: torch.device,
    weights: dict[str, torch.Tensor] | None = None,
) -> TrainingState:
    """A network with its optimizers, from `weights` or from random ones that the recipe's seed decides.

    Raises:
        StateError: if the weights are those of another network.
    """
    torch.manual_seed(recipe.seed)
    unet = build_unet(config)
    if weights is not None:
        try:
            unet.load_state_dict(weights)
        except RuntimeError as error:
            raise StateError(
                "the weights are those of another network than the options ask for: give --patch-size, "
                "--block-out-channels and so on as they were trained with"
            ) from error
    unet.to(device, memory_format=torch.channels_last)
    ema = EMAModel(unet.parameters(), decay=recipe.ema_decay, foreach=True)
    optimizers, balance = make_optimizers(unet, recipe), LossBalance(recipe.loss_balance)
    return TrainingState(config, text_encoder_name, unet, ema, optimizers, balance, Counters())


def load_run(folder: Path) -> GlyffuserPipeline:
    """The averaged weights of a run as a pipeline.

    Raises:
        StateError: if there is no state or no glyph prior, or a damaged one.
    """
    metadata = read_metadata(folder / STATE_FILE)
    model = {name: tuple(value) if isinstance(value, list) else value for name, value in metadata["model"].items()}
    unet = build_unet(ModelConfig(**model))
    unet.load_state_dict(read_averaged_weights(folder / STATE_FILE))
    try:
        prior = GlyphPrior.from_pretrained(folder / PRIOR_FOLDER)
    except (OSError, ValueError, SafetensorError) as error:
        raise StateError(f"the glyph prior {folder / PRIOR_FOLDER} is missing or damaged: put a copy there") from error
    scheduler = training_scheduler(model["prediction_type"])
    samples_seen = metadata["counters"]["samples_seen"]
    return GlyffuserPipeline(unet, prior, scheduler, metadata["text_encoder"], samples_seen)


def train(
    state: TrainingState,
    recipe: Recipe,
    batches: TrainingBatches,
    scheduler: SchedulerMixin,
    accelerator: Accelerator,
    watch: Watch,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train until the recipe's plan is done or `should_stop`; the state is saved every few minutes and at the end.

    Args:
        state: new, or loaded; changed in place.
        recipe: how.
        batches: of what.
        scheduler: the noise, from `training_scheduler`.
        accelerator: device, precision and processes.
        watch: what the main process writes.
        should_stop: asked before every step.

    Raises:
        StateError: if a loss is not finite, or the last state cannot be written.
    """
    ready_for_speed(state.unet, accelerator)
    denoiser = accelerator.prepare(Denoiser(state.unet))
    counters, path = state.counters, watch.folder / STATE_FILE
    metrics = Metrics(accelerator, watch.folder, counters.samples_seen) if accelerator.is_main_process else None
    samples_a_step = recipe.batch_size * accelerator.num_processes
    progress_bar = tqdm(
        total=recipe.max_samples, initial=counters.plan_samples, unit="sample", disable=not accelerator.is_main_process
    )
    losses, last_save, last_step = [], time.monotonic(), time.monotonic()
    while True:
        progress = recipe.progress(counters.plan_samples, counters.plan_seconds)
        progress, stop = agree(accelerator, progress, float(should_stop()))
        if stop or progress >= 1:
            break
        set_rates(state.optimizers, recipe, recipe.rate_factor(counters.step, progress))
        start = counters.samples_seen + accelerator.process_index * recipe.batch_size
        x_0, conditioning, _ = batches.samples(start, recipe.batch_size)
        noise, timesteps = batches.noise(start, x_0, len(scheduler.alphas_cumprod))
        told = partial(denoiser, conditioning=conditioning.to(accelerator.device))
        x_0, noise, timesteps = (part.to(accelerator.device) for part in (x_0, noise, timesteps))
        each = training_loss(told, x_0, noise, timesteps, scheduler)
        accelerator.backward((each * state.balance.weights(timesteps)).mean())
        each = accelerator.gather(each.detach())
        state.balance.observe(accelerator.gather(timesteps), each)
        accelerator.clip_grad_norm_(state.unet.parameters(), recipe.max_grad_norm)
        for optimizer in state.optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        state.ema.step(state.unet.parameters())

        now = time.monotonic()
        before = counters.samples_seen
        counters.step += 1
        counters.samples_seen += samples_a_step
        counters.plan_samples += samples_a_step
        counters.plan_seconds += now - last_step
        last_step = now
        losses.append(each.mean().item())
        if not math.isfinite(losses[-1]):
            raise StateError(
                f"the loss was {losses[-1]} after {counters.samples_seen:,} samples: the state that was saved last is "
                "kept, go on from it with --resume and lower learning rates"
            )
        progress_bar.update(samples_a_step)
        if len(losses) == LOSS_STEPS:
            mean = statistics.fmean(losses)
            losses.clear()
            if metrics:
                metrics.write(counters.samples_seen, loss=mean, seconds=counters.plan_seconds)
                progress_bar.set_postfix(loss=f"{mean:.4f}", seen=f"{counters.samples_seen:,}")
        if metrics:
            look(state, watch, metrics, scheduler, before)
            if time.monotonic() - last_save > SAVE_SECONDS:
                last_save = time.monotonic()
                save_or_warn(state, path)
    progress_bar.close()
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        state.save(path)


def ready_for_speed(unet: UNet2DConditionModel, accelerator: Accelerator) -> None:
    """What makes a step a sixth faster on two cores and changes no more than rounding.

    There is no dropout, and in training mode diffusers would copy what convolutions read. On a CPU in bfloat16 fused
    attention takes twice as long on the way back as matrix products with a softmax between them.
    """
    unet.eval()
    if accelerator.device.type == "cpu" and accelerator.mixed_precision == "bf16":
        unet.set_attn_processor(AttnProcessor())


def agree(accelerator: Accelerator, *values: float) -> list[float]:
    """The main process's values, in every process: clocks and signals differ, steps may not."""
    if accelerator.num_processes == 1:
        return list(values)
    return broadcast(torch.tensor(values, dtype=torch.float64, device=accelerator.device)).tolist()


def look(state: TrainingState, watch: Watch, metrics: Metrics, scheduler: SchedulerMixin, samples_before: int) -> None:
    """Write held-out errors and a grid if their time has come."""
    seen = state.counters.samples_seen

    def is_due(interval: int) -> bool:
        return interval > 0 and seen // interval > samples_before // interval

    if is_due(watch.error_samples):
        with averaged_weights(state.unet, state.ema):
            metrics.write(seen, **held_out_errors(state.unet, watch.held_out, scheduler))
    if is_due(watch.grid_samples):
        with averaged_weights(state.unet, state.ema):
            try:
                write_grid(watch.pipeline, watch.folder / "grids" / f"{seen:08d}.png", watch.grid_config)
            except OSError as error:
                warn(f"the grid could not be written ({error})")


def save_or_warn(state: TrainingState, path: Path) -> None:
    """Save in the middle of a run: a full disk may have room again in a few minutes."""
    try:
        state.save(path)
    except StateError as error:
        warn(str(error))


def stop_on_signals() -> Callable[[], bool]:
    """Make SIGTERM and Ctrl-C end a run after its step; returns the question whether one came."""
    received = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: received.append(number))
    return lambda: bool(received)


def faster_precision(config: ModelConfig, device: torch.device) -> str:
    """ "bf16" or "no", whichever is faster here: some CPUs gain from bfloat16, others lose a lot."""
    if device.type != "cpu":
        return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "no"
    denoiser = Denoiser(build_unet(config).to(memory_format=torch.channels_last))
    rows, tokens = 16, 12
    conditioning = Conditioning(
        torch.randn(rows, tokens, config.text_channels),
        torch.ones(rows, tokens, dtype=torch.bool),
        torch.randn(rows, config.text_channels),
        torch.randn(rows, 1, config.grid_size, config.grid_size),
    )
    x_t, timesteps = torch.randn(rows, 1, GLYPH_SIZE, GLYPH_SIZE), torch.full((rows,), 500)
    seconds = {"no": [], "bf16": []}
    for _ in range(3):
        for precision, measured in seconds.items():
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                denoiser(x_t, timesteps, conditioning).square().mean().backward()
            measured.append(time.perf_counter() - start)
    return min(seconds, key=lambda precision: min(seconds[precision]))
