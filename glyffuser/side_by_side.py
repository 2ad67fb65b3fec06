"""Several runs at once: their steps are taken in the order of their noise, so that they can be watched together."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from glyffuser.diffusion import Run


@dataclass(frozen=True)
class JointFrame:
    """Several runs side by side, after a step of one of them.

    Attributes:
        step: 0 (none has begun) to `num_steps`, counted over all of them.
        num_steps: model calls in all.
        timestep: where the model was called; None at step 0.
        next_timestep: how noisy the noisiest of them is now.
        x_t: float32 (glyphs, 1, 128, 128) on the CPU, all of them as they are now.
        pred_x_0: of the same shape, what is believed to lie behind them; `x_t` where the model was not asked yet.
    """

    step: int
    num_steps: int
    timestep: int | None
    next_timestep: int
    x_t: torch.Tensor
    pred_x_0: torch.Tensor


@torch.inference_mode()
def side_by_side(runs: list[Run]) -> Iterator[JointFrame]:
    """Take the steps of several runs in the order of their noise, so that all of them come clean together.

    Args:
        runs: of any lengths and beginnings; each gives the glyphs that it would give alone.
    """
    x_t = [run.x_t.cpu() for run in runs]
    pred_x_0 = list(x_t)
    noise_left = {i: run.timesteps[0] for i, run in enumerate(runs)}
    num_steps = sum(len(run.timesteps) for run in runs)
    yield JointFrame(0, num_steps, None, max(noise_left.values()), torch.cat(x_t), torch.cat(pred_x_0))
    for step in range(1, num_steps + 1):
        noisiest = max(noise_left, key=noise_left.get)
        frame = next(runs[noisiest].frames)
        x_t[noisiest], pred_x_0[noisiest] = frame.x_t.cpu(), frame.pred_x_0.cpu()
        noise_left[noisiest] = frame.next_timestep
        if frame.step == frame.num_inference_steps:
            del noise_left[noisiest]
        left = max(noise_left.values(), default=0)
        yield JointFrame(step, num_steps, frame.timestep, left, torch.cat(x_t), torch.cat(pred_x_0))
