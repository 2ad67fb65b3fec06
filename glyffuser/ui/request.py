"""What a visitor asks for, checked once, in the words of the page."""

import reprlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch

from glyffuser.config import MAX_SEED, SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.images import read_settings as read_png
from glyffuser.request import Request, count_up, read_query, read_settings
from glyffuser.text import clean_prompt
from glyffuser.ui.text import say

Number = TypeVar("Number", int, float)

MAX_GLYPHS = 16
NUM_GLYPHS = [1, 4, 9, 16]
"""Numbers of glyphs that the page offers."""

MAX_STEPS = 120
MAX_GUIDANCE_SCALE = 20
MAX_PAG_SCALE = 10
MAX_TIMESTEP = 999


def check_request(
    prompt: str,
    num_glyphs: int,
    num_inference_steps: int,
    guidance_scale: float,
    pag_scale: float,
    sampler: str,
    seed: int | None,
    guidance_interval: tuple[int, int] = SampleConfig.guidance_interval,
    pag_interval: tuple[int, int] = SampleConfig.pag_interval,
    checkpoint: str = "",
) -> Request:
    """Make a request of what a visitor or a program sent.

    Args:
        prompt: an English definition.
        num_glyphs: 1 to 16.
        num_inference_steps: 1 to 120.
        guidance_scale: 1 (off) to 20.
        pag_scale: perturbed-attention guidance, 0 (off) to 10.
        sampler: a key of `glyffuser.diffusion.SAMPLERS`.
        seed: of the first glyph; drawn at random when None.
        guidance_interval: first and last timestep with guidance, 0 to 999.
        pag_interval: first and last timestep with perturbed-attention guidance, 0 to 999.
        checkpoint: fingerprint of the checkpoint that drew it first.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    first_seed = random_seed() if seed is None else in_range("seed", seed, 0, MAX_SEED)
    num_glyphs = in_range("num_glyphs", num_glyphs, 1, MAX_GLYPHS)
    if not isinstance(sampler, str) or sampler not in SAMPLERS:
        raise ValueError(say("errors.sampler", samplers=", ".join(SAMPLERS), value=reprlib.repr(sampler)))
    config = SampleConfig(
        num_inference_steps=in_range("num_inference_steps", num_inference_steps, 1, MAX_STEPS),
        guidance_scale=in_range("guidance_scale", guidance_scale, 1, MAX_GUIDANCE_SCALE, float),
        pag_scale=in_range("pag_scale", pag_scale, 0, MAX_PAG_SCALE, float),
        sampler=sampler,
        guidance_interval=_interval("guidance_interval", guidance_interval),
        pag_interval=_interval("pag_interval", pag_interval),
    )
    return Request(clean_prompt(prompt or ""), count_up(first_seed, num_glyphs), config, str(checkpoint)[:12])


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
        "seed": random_seed(),
    }
    return _offered(check_request(**read_query(query, fresh)))


def request_from_png(png: bytes) -> Request:
    """The run that drew a PNG of ours.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    return _offered(check_request(**read_settings(read_png(png))))


def default_num_glyphs(device: torch.device) -> int:
    """Glyphs a run that a visitor waits a few seconds for."""
    return 4 if device.type == "cpu" else 16


def default_num_steps(device: torch.device) -> int:
    """Steps a run that a visitor waits a few seconds for."""
    return 25 if device.type == "cpu" else 50


def random_seed() -> int:
    """A seed short enough to be read out."""
    return secrets.randbelow(1_000_000)


def in_range(name: str, value: object, low: float, high: float, kind: Callable[[Any], Number] = int) -> Number:
    """A number that a visitor or a program sent, checked.

    Args:
        name: its name in the section "fields" of the sentences.
        value: anything.
        low: the least that is allowed.
        high: the most.
        kind: int or float.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number != value or not low <= number <= high:
        sentence = "errors.whole_number" if kind is int else "errors.number"
        raise ValueError(say(sentence, name=say(f"fields.{name}"), low=low, high=high, value=reprlib.repr(value)))
    return number


def _interval(name: str, value: object) -> tuple[int, int]:
    """Two timesteps in order."""
    ends = value if isinstance(value, list | tuple) else [value]
    numbers = [in_range(name, end, 0, MAX_TIMESTEP) for end in ends]
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        raise ValueError(
            say("errors.interval", name=say(f"fields.{name}"), value=", ".join(map(reprlib.repr, ends[:3])))
        )
    return numbers[0], numbers[1]


def _offered(request: Request) -> Request:
    """The same request, if the page offers such.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    if len(request.seeds) not in NUM_GLYPHS:
        raise ValueError(say("errors.num_glyphs_offered", value=len(request.seeds)))
    return request
