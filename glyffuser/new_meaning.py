"""New meaning: noise a real glyph, denoise it under another definition, and measure how much of its ink survives.

SDEdit (Meng et al. 2022).
"""

from collections.abc import Iterator

import torch

from glyffuser.config import SampleConfig
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.side_by_side import JointFrame, side_by_side


def give_new_meaning(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    x_0: torch.Tensor,
    start_timesteps: list[int],
    config: SampleConfig,
) -> Iterator[JointFrame]:
    """Noise a glyph to several noise levels with the same noise, and denoise each of them to the end.

    Args:
        pipeline: a loaded model.
        prompt: the new definition.
        seed: decides the noise.
        x_0: float32 (1, 1, 128, 128) in [-1, 1].
        start_timesteps: the noise levels.
        config: guidance, sampler and steps of a whole run; each glyph takes those at or below its start timestep.

    Raises:
        ValueError: as `GlyffuserPipeline.begin`.
    """
    return side_by_side([pipeline.begin([prompt], [seed], config, x_0, start) for start in start_timesteps])


def ink_survival(x_0: torch.Tensor, new_x_0: torch.Tensor) -> torch.Tensor:
    """Share of a glyph's ink pixels that are ink in other glyphs, too.

    Args:
        x_0: (1, 1, 128, 128), the glyph.
        new_x_0: (batch, 1, 128, 128), the others.

    Returns:
        float32 (batch,) in [0, 1].
    """
    ink = (x_0 < 0).flatten(1)
    return (ink & (new_x_0 < 0).flatten(1)).sum(dim=1) / ink.sum().clamp(min=1)
