"""New meaning: noise a real glyph, then denoise it under another definition, and see how much of it survives.

SDEdit (Meng et al. 2022).
"""

from collections.abc import Iterator

import torch

from glyffuser.config import SampleConfig
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.side_by_side import JointFrame, side_by_side


def redraw(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    x_0: torch.Tensor,
    start_timesteps: list[int],
    config: SampleConfig,
) -> Iterator[JointFrame]:
    """Noise a glyph to several depths with the same noise, and denoise each of them to the end.

    Args:
        pipeline: a loaded model.
        prompt: the new definition.
        seed: decides the noise.
        x_0: float32 (1, 1, 128, 128) in [-1, 1].
        start_timesteps: the depths.
        config: sampler, steps (of a whole run, of which each takes its last) and guidance.

    Raises:
        ValueError: as `GlyffuserPipeline.begin`.
    """
    return side_by_side([pipeline.begin([prompt], [seed], config, x_0, start) for start in start_timesteps])


def ink_survival(x_0: torch.Tensor, redrawn: torch.Tensor) -> torch.Tensor:
    """Which share of a glyph's ink is still ink.

    Args:
        x_0: (1, 1, 128, 128), the glyph.
        redrawn: (batch, 1, 128, 128).

    Returns:
        float32 (batch,) in [0, 1].
    """
    ink = (x_0 < 0).flatten(1)
    return (ink & (redrawn < 0).flatten(1)).sum(dim=1) / ink.sum().clamp(min=1)
