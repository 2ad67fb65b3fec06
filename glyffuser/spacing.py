"""Where the steps of a run lie within the noise schedule."""

from collections.abc import Callable
from math import asinh, sinh

from glyffuser.config import InputError

DENSE_CENTRE, DENSE_WIDTH = 0.68, 0.3
"""Where timesteps are dense with the spacing "middle", and how widely, as shares of the noise schedule."""


def _dense_in_the_middle(share: float) -> float:
    """Timesteps whose density falls as 1 / sqrt(1 + ((timestep - centre) / width)^2) from the centre."""
    lowest, highest = (asinh((end - DENSE_CENTRE) / DENSE_WIDTH) for end in (0, 1))
    return DENSE_CENTRE + DENSE_WIDTH * sinh(lowest + share * (highest - lowest))


SEGMENT_ENDS = (0.0, 0.201, 0.501, 0.721, 1.0)
"""Borders of four segments of equally many steps, as shares of the noise schedule; parts are decided in the third."""


def _at_segments(share: float) -> float:
    """Timesteps evenly spaced within each segment."""
    segment = min(int(share * (len(SEGMENT_ENDS) - 1)), len(SEGMENT_ENDS) - 2)
    low, high = SEGMENT_ENDS[segment : segment + 2]
    return low + (high - low) * (share * (len(SEGMENT_ENDS) - 1) - segment)


SPACINGS: dict[str, Callable[[float], float]] = {
    # calls of the model are dense where the parts of a glyph are decided
    "middle": _dense_in_the_middle,
    # in four steps, where the calls of a distilled network are (`glyffuser.training.segments`)
    "segments": _at_segments,
    # evenly spaced (Lin et al. 2024, "trailing")
    "even": lambda share: share,
}
"""What share of the noise schedule lies below a timestep, by the share of a run's timesteps that are yet to come."""


def spaced_timesteps(num_inference_steps: int, spacing: str = "even", num_train_timesteps: int = 1000) -> list[int]:
    """Timesteps of a run, from pure noise on.

    Args:
        num_inference_steps: 1 to 1000 where they are evenly spaced, else 1 to 500.
        spacing: a key of `SPACINGS`.
        num_train_timesteps: length of the noise schedule.

    Raises:
        InputError: if two steps would share a timestep.
        ValueError: for an unknown spacing.
    """
    if spacing not in SPACINGS:
        raise ValueError(f"spacing must be one of {', '.join(SPACINGS)}, got {spacing!r}")
    # diffusers' own list ends with -1 for some numbers of steps, such as 61
    shares = [1 - i / num_inference_steps for i in range(num_inference_steps)]
    timesteps = [round(num_train_timesteps * SPACINGS[spacing](share)) - 1 for share in shares]
    if len(set(timesteps)) < num_inference_steps:
        raise InputError(
            "too_many_steps",
            "{num_steps} steps are too many for the spacing {spacing}; take fewer, or space them evenly",
            num_steps=num_inference_steps,
            spacing=spacing,
        )
    return timesteps
