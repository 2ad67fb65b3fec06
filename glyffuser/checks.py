"""Checks of numbers and choices that a visitor or a program sent, each with one sentence about what is wrong."""

import reprlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from glyffuser.config import InputError

Number = TypeVar("Number", int, float)

MAX_TIMESTEP = 999

FIELDS = {
    "num_glyphs": "Number of glyphs",
    "num_inference_steps": "Steps",
    "guidance_scale": "Guidance",
    "pag_scale": "Perturbed-attention guidance",
    "guidance_interval": "Timesteps with guidance",
    "pag_interval": "Timesteps with perturbed-attention guidance",
    "seed": "Seed",
    "the_seed": "The seed",
    "sampler": "Sampler",
    "spacing": "Spacing of the steps",
    "network": "Network",
    "timestep": "Timestep",
    "stride": "Stride",
}
"""Names of numbers in sentences about them."""


def in_range(name: str, value: object, low: float, high: float, kind: Callable[[Any], Number] = int) -> Number:
    """A number that a visitor or a program sent, checked.

    Args:
        name: a key of `FIELDS`.
        value: anything.
        low: the least that is allowed.
        high: the most.
        kind: int or float.

    Raises:
        InputError: with one sentence that a visitor can act on.
    """
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is not None and number == value and low <= number <= high:
        return number
    values = {"name": FIELDS[name], "field": name, "low": low, "high": high, "value": reprlib.repr(value)}
    if kind is int:
        raise InputError("whole_number", "{name} must be a whole number from {low} to {high}; got {value}.", **values)
    raise InputError("number", "{name} must be a number from {low} to {high}; got {value}.", **values)


def one_of(name: str, value: object, choices: Iterable[str]) -> str:
    """One of the named choices."""
    if isinstance(value, str) and value in choices:
        return value
    raise InputError(
        "one_of",
        "{name} must be one of {choices}; got {value}.",
        name=FIELDS[name],
        field=name,
        choices=", ".join(choices),
        value=reprlib.repr(value),
    )


def interval(name: str, value: object) -> tuple[int, int]:
    """Two timesteps in order."""
    ends = value if isinstance(value, list | tuple) else [value]
    numbers = [in_range(name, end, 0, MAX_TIMESTEP) for end in ends]
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        raise InputError(
            "interval",
            "{name} must be two timesteps, the lower one first; got {value}.",
            name=FIELDS[name],
            field=name,
            value=", ".join(map(reprlib.repr, ends[:3])),
        )
    return numbers[0], numbers[1]
