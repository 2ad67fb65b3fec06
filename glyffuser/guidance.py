"""Guidance: the network's output for a prompt, pushed away from what it would be without words or without attention."""

import torch
from diffusers import UNet2DConditionModel

from glyffuser.config import SampleConfig
from glyffuser.unet import Conditioning, predict


def guided_output(
    unet: UNet2DConditionModel,
    x_t: torch.Tensor,
    timestep: int,
    conditioning: Conditioning,
    null: Conditioning | None,
    config: SampleConfig,
) -> torch.Tensor:
    """The output with classifier-free (Ho & Salimans 2022) and perturbed-attention guidance (Ahn et al. 2024).

    One batched call computes the outputs with the prompt, with the null prompt and with perturbed self-attention.

    Args:
        unet: any that `glyffuser.unet.predict` takes.
        x_t: float32 (batch, 1, 128, 128), noised glyphs.
        timestep: 0 to 999.
        conditioning: of the prompts, one row per glyph.
        null: of the null prompt, as many rows and tokens; None where the prompts are null prompts.
        config: scales and intervals.

    Returns:
        float32 (batch, 1, 128, 128).
    """
    is_perturbed = config.is_perturbed_at(timestep)
    parts = [conditioning]
    if is_guided := null is not None and config.is_guided_at(timestep):
        parts.append(null)
    if is_perturbed:
        parts.append(conditioning)
    outputs = predict(
        unet,
        x_t.repeat(len(parts), 1, 1, 1),
        torch.full((len(parts) * len(x_t),), timestep, device=x_t.device),
        Conditioning(*map(torch.cat, zip(*parts, strict=True))),
        num_perturbed=len(x_t) if is_perturbed else 0,
    ).chunk(len(parts))
    output = conditional = outputs[0]
    if is_guided:
        output = output + (config.guidance_scale - 1) * (conditional - outputs[1])
    if is_perturbed:
        output = output + config.pag_scale * (conditional - outputs[-1])
    return output
