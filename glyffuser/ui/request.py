"""What a visitor asks for by a link or a PNG, and what a fresh page asks for."""

import secrets
from collections.abc import Mapping

import torch

from glyffuser.config import SampleConfig
from glyffuser.images import read_settings as read_png
from glyffuser.request import (
    MAX_GUIDANCE_SCALE,
    MAX_PAG_SCALE,
    MAX_STEPS,
    Request,
    check_request,
    read_query,
    read_settings,
)

__all__ = [
    "MAX_GUIDANCE_SCALE",
    "MAX_PAG_SCALE",
    "MAX_STEPS",
    "NUM_GLYPHS",
    "check_request",
    "default_num_glyphs",
    "default_num_steps",
    "random_seed",
    "request_from_link",
    "request_from_png",
]

NUM_GLYPHS = [1, 4, 9, 16]
"""Numbers of glyphs that a fresh page offers; a link or a PNG may ask for those between."""


def request_from_link(query: Mapping[str, str], device: torch.device) -> Request:
    """The run that a link asks for; what it leaves open is as on a fresh page.

    Args:
        query: of the link.
        device: that of the model.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    config = SampleConfig()
    fresh = {
        "num_glyphs": default_num_glyphs(device),
        "num_inference_steps": default_num_steps(device),
        "guidance_scale": config.guidance_scale,
        "pag_scale": config.pag_scale,
        "sampler": config.sampler,
        "spacing": config.spacing,
        "network": config.network,
        "seed": random_seed(),
    }
    return check_request(**read_query(query, fresh))


def request_from_png(png: bytes) -> Request:
    """The run that drew a PNG of ours.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    return check_request(**read_settings(read_png(png)))


def default_num_glyphs(device: torch.device) -> int:
    """Glyphs a run that a visitor waits a few seconds for."""
    return 4 if device.type == "cpu" else 16


def default_num_steps(device: torch.device) -> int:
    """Steps a run that a visitor waits a few seconds for."""
    return SampleConfig().num_inference_steps * (1 if device.type == "cpu" else 2)


def random_seed() -> int:
    """A seed short enough to be read out."""
    return secrets.randbelow(1_000_000)
