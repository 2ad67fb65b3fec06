"""Measurements during a training run: losses, errors with and without captions, fixed-seed sample grids."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import torch
from accelerate import Accelerator
from diffusers import SchedulerMixin, UNet2DConditionModel
from diffusers.training_utils import EMAModel
from tqdm import tqdm

from glyffuser.config import SampleConfig
from glyffuser.data.probe import PROBE
from glyffuser.diffusion import add_noise, to_x_0
from glyffuser.images import encode_png, tile, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.training.state import TrainingState
from glyffuser.unet import Conditioning, predict

LOG_SNRS = (4, 2, 0, -2, -4, -6, -8)
"""Log signal-to-noise ratios, log(alpha_bar / (1 - alpha_bar)), from nearly clean to nearly noise."""

BATCH_SIZE = 64
"""Measured glyphs per call of the network."""

Measurement: TypeAlias = float | list[float] | dict[str, list[float]]
"""What a line of the metrics holds under one name."""

METRICS_FILE = "metrics.jsonl"
GRID_PROMPTS = tuple(word for word, _radical in PROBE[:16])


@dataclass(frozen=True)
class MeasuredGlyphs:
    """Glyphs whose errors are measured, and their conditioning.

    Attributes:
        x_0: float32 (batch, 1, 128, 128) in [-1, 1].
        with_caption: one row per glyph, its definition.
        without: one row per glyph, the null prompt.
    """

    x_0: torch.Tensor
    with_caption: Conditioning
    without: Conditioning


@dataclass(frozen=True)
class MonitorConfig:
    """What is measured during a run, and how often.

    Attributes:
        folder: of the run; metrics, grids and the state are written into it.
        held_out: glyphs that are never trained on.
        train: as many that are; where their errors fall and those of held-out glyphs do not, a run learns by heart.
        pipeline: samples the grids with the trained network.
        error_samples: training samples between two measurements of the errors; 0 for none.
        grid_samples: training samples between two grids; 0 for none.
        grid_config: sampling settings of the grids.
    """

    folder: Path
    held_out: MeasuredGlyphs
    train: MeasuredGlyphs
    pipeline: GlyffuserPipeline
    error_samples: int = 20_000
    grid_samples: int = 40_000
    grid_config: SampleConfig = field(default_factory=SampleConfig)


class Monitor:
    """Measures a run as its config says and writes what it finds; for the main process alone."""

    def __init__(
        self, config: MonitorConfig, scheduler: SchedulerMixin, accelerator: Accelerator, samples_seen: int
    ) -> None:
        """
        Args:
            config: what to measure.
            scheduler: noise schedule of the training.
            accelerator: with TensorBoard as a tracker, or without trackers.
            samples_seen: where the run starts or resumes; later lines of the metrics are dropped.
        """
        self._config = config
        self._scheduler = scheduler
        self._metrics = Metrics(accelerator, config.folder, samples_seen)

    def log_loss(self, state: TrainingState, loss: float) -> None:
        """Write the mean loss of the latest steps."""
        self._metrics.write(state.counters.samples_seen, loss=loss, seconds=state.counters.plan_seconds)

    def log_if_due(self, state: TrainingState, previous_samples: int) -> None:
        """Write errors and a grid if the last step passed a multiple of their interval.

        Args:
            state: after the step.
            previous_samples: samples seen before the step.
        """
        seen, config = state.counters.samples_seen, self._config
        if is_due(config.error_samples, previous_samples, seen):
            with averaged_weights(state.unet, state.ema):
                held_out, train = (
                    denoising_errors(state.unet, glyphs, self._scheduler) for glyphs in (config.held_out, config.train)
                )
            self._metrics.write(seen, **held_out, train=train)
        if is_due(config.grid_samples, previous_samples, seen):
            with averaged_weights(state.unet, state.ema):
                try:
                    write_grid(config.pipeline, config.folder / "grids" / f"{seen:08d}.png", config.grid_config)
                except OSError as error:
                    warn(f"the grid could not be written ({error})")


def is_due(interval: int, previous: int, current: int) -> bool:
    """Whether a multiple of `interval` lies after `previous` and not after `current`; never for interval 0."""
    return interval > 0 and current // interval > previous // interval


@contextmanager
def averaged_weights(unet: UNet2DConditionModel, ema: EMAModel) -> Iterator[None]:
    """Use the averaged weights within a `with` block."""
    ema.store(unet.parameters())
    ema.copy_to(unet.parameters())
    try:
        yield
    finally:
        ema.restore(unet.parameters())


@torch.no_grad()
def denoising_errors(
    unet: UNet2DConditionModel, glyphs: MeasuredGlyphs, scheduler: SchedulerMixin
) -> dict[str, list[float]]:
    """Mean squared error of pred_x_0, clipped to [-1, 1], at each of `LOG_SNRS`; always with the same noise.

    Returns:
        "error" with the caption, and "gain", by how many per cent the caption lowers it compared with the null prompt.
    """
    generator = torch.Generator().manual_seed(1)
    errors, gains = [], []
    for log_snr in LOG_SNRS:
        timestep = timestep_at(log_snr, scheduler)
        noise = torch.randn(glyphs.x_0.shape, generator=generator)
        x_t = add_noise(glyphs.x_0, noise, scheduler.alphas_cumprod[timestep])
        with_caption, without = (
            mean_error(unet, x_t, glyphs.x_0, timestep, conditioning, scheduler)
            for conditioning in (glyphs.with_caption, glyphs.without)
        )
        errors.append(with_caption)
        gains.append(100 * (1 - with_caption / without))
    return {"error": errors, "gain": gains}


def mean_error(
    unet: UNet2DConditionModel,
    x_t: torch.Tensor,
    x_0: torch.Tensor,
    timestep: int,
    conditioning: Conditioning,
    scheduler: SchedulerMixin,
) -> float:
    """Mean squared error of pred_x_0, clipped to [-1, 1], over glyphs that are noised to one timestep."""
    alpha_bar = scheduler.alphas_cumprod[timestep].to(unet.device)
    total = 0.0
    for start in range(0, len(x_t), BATCH_SIZE):
        rows = slice(start, start + BATCH_SIZE)
        noised, clean = x_t[rows].to(unet.device), x_0[rows].to(unet.device)
        timesteps = torch.full((len(noised),), timestep, device=unet.device)
        output = predict(unet, noised, timesteps, conditioning.rows(rows).to(unet.device))
        pred_x_0 = to_x_0(output, noised, alpha_bar, scheduler.config.prediction_type).clamp(-1, 1)
        total += float((pred_x_0 - clean).square().mean(dim=(1, 2, 3)).sum())
    return total / len(x_t)


def timestep_at(log_snr: float, scheduler: SchedulerMixin) -> int:
    """The timestep whose log signal-to-noise ratio is nearest."""
    alphas_cumprod = scheduler.alphas_cumprod
    return int((torch.log(alphas_cumprod / (1 - alphas_cumprod)) - log_snr).abs().argmin())


def write_grid(pipeline: GlyffuserPipeline, path: Path, config: SampleConfig) -> None:
    """Sample `GRID_PROMPTS` with seeds 0 to 15 and write the glyphs as one PNG."""
    prompts = list(GRID_PROMPTS)
    for frame in pipeline.stream(prompts, list(range(len(prompts))), config):
        finished = frame.x_t
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(tile(x_0_to_uint8(finished))))


class Metrics:
    """Writes measurements as lines of JSON and to TensorBoard; on resuming, lines after the saved state are dropped."""

    def __init__(self, accelerator: Accelerator, folder: Path, samples_seen: int) -> None:
        """
        Args:
            accelerator: with TensorBoard as a tracker, or without trackers.
            folder: of the run.
            samples_seen: where the run starts or resumes.
        """
        self._accelerator = accelerator
        self._path = folder / METRICS_FILE
        self._has_failed = False
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        unfinished = self._path.with_suffix(".tmp")
        kept = "".join(f"{line}\n" for line in lines if samples_of(line) <= samples_seen)
        unfinished.write_text(kept, encoding="utf-8")
        unfinished.replace(self._path)

    def write(self, samples: int, **values: Measurement) -> None:
        """Append one line. After a failed write (a full disk) TensorBoard gets nothing more: it would block the run."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"samples": samples, **values}) + "\n")
        except OSError as error:
            warn(f"{self._path} could not be written ({error})")
            self._has_failed = True
        if self._has_failed:
            return
        self._accelerator.log(dict(scalars_of(values)), step=samples)


def scalars_of(values: Mapping[str, Measurement]) -> Iterator[tuple[str, float]]:
    """Names and numbers for TensorBoard: "train/error/3" is the fourth of the errors within "train"."""
    for name, value in values.items():
        if isinstance(value, float | int):
            yield name, value
        else:
            inner = value if isinstance(value, Mapping) else {str(index): each for index, each in enumerate(value)}
            yield from ((f"{name}/{key}", number) for key, number in scalars_of(inner))


def samples_of(line: str) -> float:
    """Samples seen when a line of metrics was written; infinity if a kill or a full disk left the line incomplete."""
    try:
        return json.loads(line)["samples"]
    except (ValueError, TypeError, KeyError):
        return math.inf


def warn(sentence: str) -> None:
    """Print a problem that does not end the run."""
    tqdm.write(f"{sentence}; training goes on", file=sys.stderr)
