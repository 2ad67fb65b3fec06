"""What is looked at while a run goes on: held-out errors, the worth of a caption, the same few glyphs ever again."""

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
from glyffuser.unet import Conditioning, predict

LOG_SNRS = (4, 2, 0, -2, -4, -6, -8)
"""Log signal-to-noise ratios, log(alpha_bar / (1 - alpha_bar)), from nearly clean to nearly noise."""

METRICS_FILE = "metrics.jsonl"
GRID_PROMPTS = tuple(word for word, _radical in PROBE[:16])


@dataclass(frozen=True)
class HeldOut:
    """Held-out glyphs with what the U-net is told of them.

    Attributes:
        x_0: float32 (batch, 1, 128, 128) in [-1, 1].
        with_caption: their definitions.
        without: the null prompt, as often.
    """

    x_0: torch.Tensor
    with_caption: Conditioning
    without: Conditioning


@contextmanager
def averaged_weights(unet: UNet2DConditionModel, ema: EMAModel) -> Iterator[None]:
    """The network with its averaged weights, for a while."""
    ema.store(unet.parameters())
    ema.copy_to(unet.parameters())
    try:
        yield
    finally:
        ema.restore(unet.parameters())


@torch.no_grad()
def held_out_errors(
    unet: UNet2DConditionModel, held_out: HeldOut, scheduler: SchedulerMixin, batch_size: int = 64
) -> dict[str, list[float]]:
    """Mean squared error of the predicted clean glyphs, clipped to [-1, 1], at each of `LOG_SNRS`; fixed noise.

    Returns:
        "error" with the caption, and "gain", by how many per cent the caption lowers it against the null prompt.
    """
    generator = torch.Generator().manual_seed(1)
    errors, gains = [], []
    for log_snr in LOG_SNRS:
        timestep = timestep_at(log_snr, scheduler)
        alpha_bar = scheduler.alphas_cumprod[timestep].to(unet.device)
        x_t = add_noise(held_out.x_0, torch.randn(held_out.x_0.shape, generator=generator), alpha_bar.cpu())

        def error(conditioning: Conditioning, x_t=x_t, timestep=timestep, alpha_bar=alpha_bar) -> float:
            total = 0.0
            for start in range(0, len(x_t), batch_size):
                rows = slice(start, start + batch_size)
                noised, x_0 = x_t[rows].to(unet.device), held_out.x_0[rows].to(unet.device)
                timesteps = torch.full((len(noised),), timestep, device=unet.device)
                output = predict(unet, noised, timesteps, conditioning.rows(rows).to(unet.device))
                guess = to_x_0(output, noised, alpha_bar, scheduler.config.prediction_type).clamp(-1, 1)
                total += float((guess - x_0).square().mean(dim=(1, 2, 3)).sum())
            return total / len(x_t)

        errors.append(error(held_out.with_caption))
        gains.append(100 * (1 - errors[-1] / error(held_out.without)))
    return {"error": errors, "gain": gains}


def timestep_at(log_snr: float, scheduler: SchedulerMixin) -> int:
    """The timestep whose log signal-to-noise ratio is nearest."""
    alphas_cumprod = scheduler.alphas_cumprod
    return int((torch.log(alphas_cumprod / (1 - alphas_cumprod)) - log_snr).abs().argmin())


def write_grid(pipeline: GlyffuserPipeline, path: Path, config: SampleConfig) -> None:
    """Sample the same prompts from the same noise as ever, and write them as a PNG."""
    prompts = list(GRID_PROMPTS)
    for frame in pipeline.stream(prompts, list(range(len(prompts))), config):
        finished = frame.x_t
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(tile(x_0_to_uint8(finished))))


class Metrics:
    """A line of JSON per look, and TensorBoard beside it; lines after the state that a run goes on from are dropped."""

    def __init__(self, accelerator: Accelerator, folder: Path, samples_seen: int) -> None:
        """
        Args:
            accelerator: with TensorBoard as a tracker, or with none.
            folder: of the run.
            samples_seen: where the run goes on.
        """
        self._accelerator = accelerator
        self._path = folder / METRICS_FILE
        self._is_full = False
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        unfinished = self._path.with_suffix(".tmp")
        unfinished.write_text("".join(f"{line}\n" for line in lines if samples_of(line) <= samples_seen))
        unfinished.replace(self._path)

    def write(self, samples: int, **values: float | list[float]) -> None:
        """Append one line; after a failure, a full disk say, nothing more is sent to TensorBoard, which would wait."""
        try:
            with self._path.open("a") as file:
                file.write(json.dumps({"samples": samples, **values}) + "\n")
        except OSError as error:
            warn(f"{self._path} could not be written ({error})")
            self._is_full = True
        if self._is_full:
            return
        scalars = {name: value for name, value in values.items() if not isinstance(value, list)}
        for name, series in values.items():
            if isinstance(series, list):
                scalars |= {f"{name}/{index}": value for index, value in enumerate(series)}
        self._accelerator.log(scalars, step=samples)


def samples_of(line: str) -> float:
    """Where in the run a line of metrics was written; infinity for one that was torn by a kill or a full disk."""
    try:
        return json.loads(line)["samples"]
    except (ValueError, TypeError, KeyError):
        return math.inf


def warn(sentence: str) -> None:
    """Say what went wrong without being the end of the run."""
    tqdm.write(f"{sentence}; training goes on", file=sys.stderr)
