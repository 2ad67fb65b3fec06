"""Objective of distillation: four jumps from noise to glyph, each of them one unguided call of the student.

The run is cut into segments. In each, the student is asked at the first timestep alone, and learns the x_0 with which
one step of DDIM ends where the guided teacher arrives in several (trajectory segments: Berthelot et al. 2023, TRACT;
Wang et al. 2024, phased consistency models; the target as in progressive distillation, Salimans & Ho 2022, appendix G).
Half of the jumps begin where the student's own jumps before have led, so that it learns to correct its own errors
(Ross et al. 2011, DAgger), the other half from noised glyphs.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers import SchedulerMixin, UNet2DConditionModel

from glyffuser.config import FAST_CONFIG, SampleConfig
from glyffuser.diffusion import add_noise, ddim_step, to_eps, to_x_0
from glyffuser.guidance import guided_output
from glyffuser.spacing import spaced_timesteps
from glyffuser.training.loop import Denoise, Losses
from glyffuser.unet import Conditioning

STUDENT_CONFIG = replace(FAST_CONFIG, network="full")
"""How a student is sampled, by the pipeline whose U-net it is."""

STUDENT_TIMESTEPS = spaced_timesteps(STUDENT_CONFIG.num_inference_steps, STUDENT_CONFIG.spacing)
"""Where the student is called, and trained: where its segments begin."""

SEGMENTS = tuple(pairwise([*STUDENT_TIMESTEPS, 0]))
"""First timestep of each segment, and where it ends; 0 is clean."""

TEACHER_CALLS = (3, 5, 3, 2)
"""Calls of the teacher within each segment, evenly spaced; most of them where the parts of a glyph are decided."""

HUBER_WIDTH = 0.2
"""Errors above it count as their absolute value does: in the last two segments a stroke is right or elsewhere."""

SATURATED = 0.999
"""Absolute values from which a target is paper or ink."""


class SegmentObjective:
    """The loss of the student, given the teacher."""

    def __init__(
        self,
        teacher: UNet2DConditionModel,
        null: Conditioning,
        scheduler: SchedulerMixin,
        overshoot_weight: float = 0.1,
        config: SampleConfig | None = None,
    ) -> None:
        """
        Args:
            teacher: not changed, on the device of the training.
            null: one row, the null prompt.
            scheduler: noise schedule of teacher and student.
            overshoot_weight: of errors of the last segment beyond paper or ink, where glyphs are clipped anyway.
            config: the teacher's guidance; the defaults when not given.
        """
        self._teacher = teacher
        self._null = null.to(teacher.device)
        self._prediction_type = scheduler.config.prediction_type
        self._alphas_cumprod = scheduler.alphas_cumprod.to(teacher.device)
        self._overshoot_weight = overshoot_weight
        self._config = config or SampleConfig()

    def __call__(
        self,
        denoise: Denoise,
        x_0: torch.Tensor,
        noise: torch.Tensor,
        timesteps: torch.Tensor,
        conditioning: Conditioning,
    ) -> Losses:
        """Error of the student's predicted x_0 against the teacher's target; arguments as of `Objective`."""
        x_t = self.starts(denoise, x_0, noise, timesteps, conditioning)
        targets = self.targets(x_t, timesteps, conditioning)
        alpha_bar = self._alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        pred_x_0 = to_x_0(denoise(x_t, timesteps, conditioning), x_t, alpha_bar, self._prediction_type)
        return segment_losses(pred_x_0, targets, timesteps, self._overshoot_weight)

    @torch.no_grad()
    def starts(
        self,
        denoise: Denoise,
        x_0: torch.Tensor,
        noise: torch.Tensor,
        timesteps: torch.Tensor,
        conditioning: Conditioning,
    ) -> torch.Tensor:
        """Where jumps begin: every other row of a segment is where the student's own jumps lead from pure noise to it.

        Returns:
            float32 (batch, 1, 128, 128), the other rows noised glyphs.
        """
        x_t = add_noise(x_0, noise, self._alphas_cumprod[timesteps].view(-1, 1, 1, 1))
        own = [rows[::2] for rows in rows_by_segment(timesteps)]
        x_t[torch.cat(own)] = noise[torch.cat(own)]
        for index, (start, end) in enumerate(SEGMENTS[:-1], start=1):
            rows = torch.cat(own[index:])  # those of later segments pass through this one
            if len(rows):
                x_t[rows] = self._student_step(denoise, x_t[rows], start, end, conditioning.rows(rows))
        return x_t

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
        for segment, rows in enumerate(rows_by_segment(timesteps)):
            if len(rows):
                targets[rows] = self._jump(x_t[rows], segment, conditioning.rows(rows))
        return targets

    def _student_step(
        self, denoise: Denoise, x_t: torch.Tensor, start: int, end: int, conditioning: Conditioning
    ) -> torch.Tensor:
        """One step of the student by DDIM, for which its x_0 is made."""
        output = denoise(x_t, torch.full((len(x_t),), start, device=x_t.device), conditioning)
        alpha_bar = self._alpha_bar(start)
        pred_x_0 = to_x_0(output, x_t, alpha_bar, self._prediction_type).clamp(-1, 1)
        return ddim_step(pred_x_0, to_eps(output, x_t, alpha_bar, self._prediction_type), self._alpha_bar(end))

    def _jump(self, x_t: torch.Tensor, segment: int, conditioning: Conditioning) -> torch.Tensor:
        """The x_0 that makes one step of DDIM end where the teacher's steps through a segment do."""
        start, end = SEGMENTS[segment]
        x = self._teacher_steps(x_t, teacher_timesteps(start, end, TEACHER_CALLS[segment]), conditioning)
        (alpha, sigma), (alpha_end, sigma_end) = (
            (alpha_bar.sqrt(), (1 - alpha_bar).sqrt()) for alpha_bar in (self._alpha_bar(start), self._alpha_bar(end))
        )
        ratio = sigma_end / sigma
        return (x - ratio * x_t) / (alpha_end - ratio * alpha)

    def _teacher_steps(self, x: torch.Tensor, timesteps: Sequence[int], conditioning: Conditioning) -> torch.Tensor:
        """Where the guided teacher arrives by DPM-Solver++ 2M (Lu et al. 2022, algorithm 2).

        The first step, and one that ends at the clean glyph, are of first order.
        """
        null = self._null_rows(*conditioning.encoder_attention_mask.shape)
        before, last_width = None, torch.ones(())
        for timestep, below in pairwise(timesteps):
            output = guided_output(self._teacher, x, timestep, conditioning, null, self._config)
            alpha_bar, alpha_bar_below = self._alpha_bar(timestep), self._alpha_bar(below)
            pred_x_0 = ahead = to_x_0(output, x, alpha_bar, self._prediction_type).clamp(-1, 1)
            if below:
                width = half_log_snr(alpha_bar_below) - half_log_snr(alpha_bar)
                if before is not None:
                    ahead = pred_x_0 + width / last_width * (pred_x_0 - before) / 2
                last_width = width
            x = ddim_step(ahead, to_eps(ahead, x, alpha_bar, "sample"), alpha_bar_below)
            before = pred_x_0
        return x

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
        return Conditioning(*(part.expand(count, *part.shape[1:]) for part in padded))


def segment_losses(
    pred_x_0: torch.Tensor, targets: torch.Tensor, timesteps: torch.Tensor, overshoot_weight: float
) -> Losses:
    """Squared error in the first two segments, pseudo-Huber error (Charbonnier et al. 1997) in the last two.

    The segments are balanced by their squared errors.

    Args:
        pred_x_0: float32 (batch, 1, 128, 128), of the student.
        targets: of the same shape.
        timesteps: int64 (batch,), each of them one of `STUDENT_TIMESTEPS`.
        overshoot_weight: of errors of the last segment beyond targets that are paper or ink.
    """
    timesteps = timesteps.view(-1, 1, 1, 1)
    wrong = pred_x_0 - targets
    squared = wrong.square()
    huber = 2 * HUBER_WIDTH * ((squared + HUBER_WIDTH**2).sqrt() - HUBER_WIDTH)
    minimised = torch.where(timesteps > STUDENT_TIMESTEPS[2], squared, huber)
    is_beyond = (timesteps == STUDENT_TIMESTEPS[3]) & (targets.abs() >= SATURATED) & (wrong * targets > 0)
    minimised = torch.where(is_beyond, overshoot_weight, 1.0) * minimised
    return Losses(minimised.mean(dim=(1, 2, 3)), squared.mean(dim=(1, 2, 3)))


def rows_by_segment(timesteps: torch.Tensor) -> list[torch.Tensor]:
    """The rows of a batch that each segment has: int64, in the order of the batch."""
    return [(timesteps == start).nonzero()[:, 0] for start in STUDENT_TIMESTEPS]


def teacher_timesteps(start: int, end: int, num_calls: int) -> Sequence[int]:
    """Where the teacher is called in a segment, and the segment's end."""
    return [round(start + (end - start) * i / num_calls) for i in range(num_calls + 1)]


def half_log_snr(alpha_bar: torch.Tensor) -> torch.Tensor:
    """lambda = log(alpha / sigma), in which DPM-Solver++ takes its steps."""
    return ((alpha_bar / (1 - alpha_bar)).log()) / 2
