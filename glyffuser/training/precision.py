"""How the network computes in training: attention, mixed precision, and which of them is faster on this machine."""

import time
from collections.abc import Callable
from functools import partial

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from glyffuser.config import GLYPH_SIZE, ModelConfig
from glyffuser.diffusion import training_loss, training_scheduler
from glyffuser.unet import Conditioning, build_unet, install_attention, predict

PRECISIONS = ("no", "bf16")
"""Names of accelerate: float32, and bfloat16 in the forward and backward pass."""

TIMED_GLYPHS, TIMED_TOKENS = 16, 12
"""Size of the batch that `faster_precision` times: large enough to rank both, small enough to take seconds."""


class Denoiser(nn.Module):
    """The U-net as a module called on glyphs, which accelerate wraps for several devices and mixed precision."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        """
        Args:
            unet: shares its weights with the denoiser.
        """
        super().__init__()
        self.unet = unet

    def forward(self, x_t: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
        """As `glyffuser.unet.predict`."""
        return predict(self.unet, x_t, timesteps, conditioning)


def prepare_for_training(unet: UNet2DConditionModel, device: torch.device, precision: str) -> None:
    """Choose the fastest way to compute on `device`; outputs change by rounding only.

    Evaluation mode: the network has no dropout, and in training mode diffusers copies the inputs of its convolutions.
    Unfused attention in bfloat16 on a CPU: the backward pass of the fused kernel takes twice as long there. Together
    they save a sixth of a step on two cores. On CUDA float32 products may be rounded to TensorFloat-32, and the fastest
    algorithm of each convolution is found by timing.

    Args:
        unet: changed in place.
        device: where it is trained.
        precision: one of `PRECISIONS`.
    """
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    unet.eval()
    install_attention(unet, is_fused=not (device.type == "cpu" and precision == "bf16"))


def faster_precision(config: ModelConfig, device: torch.device) -> str:
    """The faster one of `PRECISIONS`: some CPUs compute faster in bfloat16, others much slower."""
    if device.type != "cpu":
        return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "no"
    unet = build_unet(config).to(memory_format=torch.channels_last)
    step = _random_step(config)
    seconds: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for _ in range(3):
        for precision, measured in seconds.items():
            prepare_for_training(unet, device, precision)
            measured.append(_time(step, unet, precision))
    return min(seconds, key=lambda precision: min(seconds[precision]))


def _random_step(config: ModelConfig) -> Callable[[Callable], torch.Tensor]:
    """Denoiser -> losses of a batch of random numbers."""
    rows, tokens = TIMED_GLYPHS, TIMED_TOKENS
    conditioning = Conditioning(
        torch.randn(rows, tokens, config.text_channels),
        torch.ones(rows, tokens, dtype=torch.bool),
        torch.randn(rows, config.text_channels),
        torch.randn(rows, 1, config.grid_size, config.grid_size),
    )
    x_0, noise = torch.randn(2, rows, 1, GLYPH_SIZE, GLYPH_SIZE)
    timesteps, scheduler = torch.full((rows,), 500), training_scheduler(config.prediction_type)

    def losses(denoiser: Callable) -> torch.Tensor:
        return training_loss(partial(denoiser, conditioning=conditioning), x_0, noise, timesteps, scheduler)

    return losses


def _time(step: Callable[[Callable], torch.Tensor], unet: UNet2DConditionModel, precision: str) -> float:
    """Seconds for one forward and backward pass, with the loss in float32 as in training."""
    unet.zero_grad(set_to_none=True)
    denoiser = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")(Denoiser(unet).forward)
    start = time.perf_counter()
    step(denoiser).mean().backward()
    return time.perf_counter() - start
