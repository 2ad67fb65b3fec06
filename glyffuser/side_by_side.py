"""Several runs interleaved by noise level, so that they can be shown side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from glyffuser.diffusion import Run


@dataclass(frozen=True)
class JointFrame:
    """All glyphs of several runs, after a step of one of them.

    Attributes:
        step: 0 (no step taken) to `num_steps`, counted over all runs.
        num_steps: model calls of all runs together.
        timestep: where the model was called; None at step 0.
        next_timestep: noise level of the noisiest run now.
        x_t: float32 (glyphs, 1, 128, 128) on the CPU, the current glyphs of all runs.
        pred_x_0: of the same shape, the latest guess of the clean glyphs; `x_t` of runs that took no step yet.
    """

    step: int
    num_steps: int
    timestep: int | None
    next_timestep: int
    x_t: torch.Tensor
    pred_x_0: torch.Tensor


@torch.inference_mode()
def side_by_side(runs: list[Run]) -> Iterator[JointFrame]:
    """Step the noisiest of several runs at a time, so that all of them finish together.

    Args:
        runs: of any number of steps and any start timestep; interleaving does not change their glyphs.
    """
    x_t = [run.x_t.cpu() for run in runs]
    pred_x_0 = list(x_t)
    next_timesteps = {i: run.timesteps[0] for i, run in enumerate(runs)}  # of the runs that are not finished
    num_steps = sum(len(run.timesteps) for run in runs)
    yield JointFrame(0, num_steps, None, max(next_timesteps.values()), torch.cat(x_t), torch.cat(pred_x_0))
    for step in range(1, num_steps + 1):
        noisiest = max(next_timesteps, key=lambda i: next_timesteps[i])
        frame = next(runs[noisiest].frames)
        x_t[noisiest], pred_x_0[noisiest] = frame.x_t.cpu(), frame.pred_x_0.cpu()
        next_timesteps[noisiest] = frame.next_timestep
        if frame.step == frame.num_inference_steps:
            del next_timesteps[noisiest]
        next_timestep = max(next_timesteps.values(), default=0)
        yield JointFrame(step, num_steps, frame.timestep, next_timestep, torch.cat(x_t), torch.cat(pred_x_0))
