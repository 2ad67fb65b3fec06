"""Objective of distillation: four jumps from noise to glyph, each of them one unguided call of the student.

The run is cut into segments. In each, the student is asked at the first timestep alone, and learns the x_0 with which
one step of DDIM ends where the guided teacher arrives in several (trajectory segments: Berthelot et al. 2023, TRACT;
Wang et al. 2024, phased consistency models; the target as in progressive distillation, Salimans & Ho 2022, appendix G).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers import SchedulerMixin, UNet2DConditionModel

from glyffuser.config import SampleConfig
from glyffuser.diffusion import add_noise, ddim_step, to_eps, to_x_0
from glyffuser.guidance import guided_output
from glyffuser.spacing import spaced_timesteps
from glyffuser.training.loop import Denoise
from glyffuser.unet import Conditioning

STUDENT_CONFIG = SampleConfig(
    num_inference_steps=4, guidance_scale=1.0, pag_scale=0.0, sampler="dpm++", spacing="segments"
)
"""How a student is sampled: one row a call, since guidance is in its weights."""

STUDENT_TIMESTEPS = spaced_timesteps(STUDENT_CONFIG.num_inference_steps, STUDENT_CONFIG.spacing)
"""Where the student is called, and trained."""

TEACHER_CALLS = 3
"""Calls of the teacher within a segment, evenly spaced."""


class SegmentObjective:
    """The loss of the student, given the teacher."""

    def __init__(
        self,
        teacher: UNet2DConditionModel,
        null: Conditioning,
        scheduler: SchedulerMixin,
        config: SampleConfig | None = None,
    ) -> None:
        """
        Args:
            teacher: not changed, on the device of the training.
            null: one row, the null prompt.
            scheduler: noise schedule of teacher and student.
            config: the teacher's guidance; the defaults when not given.
        """
        self._teacher = teacher
        self._null = null.to(teacher.device)
        self._prediction_type = scheduler.config.prediction_type
        self._alphas_cumprod = scheduler.alphas_cumprod.to(teacher.device)
        self._config = config or SampleConfig()

    def __call__(
        self,
        denoise: Denoise,
        x_0: torch.Tensor,
        noise: torch.Tensor,
        timesteps: torch.Tensor,
        conditioning: Conditioning,
    ) -> torch.Tensor:
        """Squared error of the student's predicted x_0 against the teacher's target; arguments as of `Objective`."""
        alpha_bar = self._alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        x_t = add_noise(x_0, noise, alpha_bar)
        targets = self.targets(x_t, timesteps, conditioning)
        pred_x_0 = to_x_0(denoise(x_t, timesteps), x_t, alpha_bar, self._prediction_type)
        return (pred_x_0 - targets).square().mean(dim=(1, 2, 3))

    @torch.no_grad()
    def targets(self, x_t: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
        """The x_0 that the student has to predict.

        Args:
            x_t: float32 (batch, 1, 128, 128), noised to `timesteps`.
            timesteps: int64 (batch,), each of them one of `STUDENT_TIMESTEPS`.
            conditioning: one row per glyph.

        Returns:
            float32 (batch, 1, 128, 128); a little beyond [-1, 1] where the teacher's steps bend.
        """
        targets = torch.empty_like(x_t)
        for start, end in pairwise([*STUDENT_TIMESTEPS, 0]):
            rows = (timesteps == start).nonzero()[:, 0].tolist()
            if rows:
                targets[rows] = self._jump(x_t[rows], start, end, conditioning.rows(rows))
        return targets

    def _jump(self, x_t: torch.Tensor, start: int, end: int, conditioning: Conditioning) -> torch.Tensor:
        """The x_0 that makes one step of DDIM end where the teacher's steps from `start` to `end` do; 0 is clean."""
        null = self._null_rows(*conditioning.encoder_attention_mask.shape)
        x = x_t
        for timestep, below in pairwise(teacher_timesteps(start, end)):
            output = guided_output(self._teacher, x, timestep, conditioning, null, self._config)
            alpha_bar = self._alphas_cumprod[timestep]
            pred_x_0 = to_x_0(output, x, alpha_bar, self._prediction_type)
            x = ddim_step(
                pred_x_0.clamp(-1, 1), to_eps(output, x, alpha_bar, self._prediction_type), self._alpha_bar(below)
            )
        (alpha, sigma), (alpha_end, sigma_end) = (
            (alpha_bar.sqrt(), (1 - alpha_bar).sqrt()) for alpha_bar in (self._alpha_bar(start), self._alpha_bar(end))
        )
        ratio = sigma_end / sigma
        return (x - ratio * x_t) / (alpha_end - ratio * alpha)

    def _alpha_bar(self, timestep: int) -> torch.Tensor:
        """Noise level at a timestep; at 0, where runs end, there is no noise."""
        return self._alphas_cumprod[timestep] if timestep else torch.ones_like(self._alphas_cumprod[0])

    def _null_rows(self, count: int, num_tokens: int) -> Conditioning:
        """As many rows of the null prompt, padded to as many tokens."""
        padding = num_tokens - self._null.encoder_attention_mask.shape[1]
        padded = self._null._replace(
            encoder_hidden_states=F.pad(self._null.encoder_hidden_states, (0, 0, 0, padding)),
            encoder_attention_mask=F.pad(self._null.encoder_attention_mask, (0, padding)),
        )
        return padded.rows([0] * count)


def teacher_timesteps(start: int, end: int) -> Sequence[int]:
    """Where the teacher is called in a segment, and the segment's end."""
    return [round(start + (end - start) * i / TEACHER_CALLS) for i in range(TEACHER_CALLS + 1)]
