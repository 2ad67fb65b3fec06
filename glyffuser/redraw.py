"""New meaning: noise a real glyph, then denoise it under another definition, and see how much of it survives.

SDEdit (Meng et al. 2022).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from glyffuser.config import SampleConfig
from glyffuser.diffusion import add_noise, make_sampler
from glyffuser.pipeline import GlyffuserPipeline, initial_noise


@dataclass(frozen=True)
class RedrawFrame:
    """One step of one of several redrawings, which follow one another.

    Attributes:
        step: 0 (all noised, none begun) to `num_steps`, counted over all of them.
        num_steps: model calls in all.
        timestep: where the model was called; None at step 0.
        next_timestep: how noisy the redrawing in hand is; None at step 0.
        x_t: float32 (starts, 1, 128, 128), all of them as they are now.
        pred_x_0: of the same shape, what is believed to lie behind them; the finished glyph where it is finished.
    """

    step: int
    num_steps: int
    timestep: int | None
    next_timestep: int | None
    x_t: torch.Tensor
    pred_x_0: torch.Tensor


@torch.inference_mode()
def redraw(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    x_0: torch.Tensor,
    start_timesteps: list[int],
    config: SampleConfig,
) -> Iterator[RedrawFrame]:
    """Noise a glyph to several depths with the same noise, and denoise each of them to the end.

    Args:
        pipeline: a loaded model.
        prompt: the new definition.
        seed: decides the noise.
        x_0: float32 (1, 1, 128, 128) in [-1, 1].
        start_timesteps: the depths.
        config: sampler, steps (of a whole run, of which each takes its last) and guidance.

    Raises:
        ValueError: as `GlyffuserPipeline.stream`.
    """
    noise, _ = initial_noise([seed])
    alphas_cumprod = pipeline.scheduler.alphas_cumprod
    x_t = torch.cat([add_noise(x_0, noise, alphas_cumprod[start]) for start in start_timesteps])
    pred_x_0 = x_t.clone()
    schedule = make_sampler(config.sampler, pipeline.scheduler, config.num_inference_steps).timesteps
    num_steps = sum(int((schedule <= start).sum()) for start in start_timesteps)
    yield RedrawFrame(0, num_steps, None, None, x_t.clone(), pred_x_0.clone())
    step = 0
    for i, start in enumerate(start_timesteps):
        for frame in pipeline.stream([prompt], [seed], config, x_0, start):
            step += 1
            x_t[i], pred_x_0[i] = frame.x_t[0].cpu(), frame.pred_x_0[0].cpu()
            yield RedrawFrame(step, num_steps, frame.timestep, frame.next_timestep, x_t.clone(), pred_x_0.clone())


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
