"""One denoising step in detail: the network's input, its output with and without the prompt, and the next x_t."""

from dataclasses import dataclass

import torch

from glyffuser.diffusion import add_noise, ddim_step, ddpm_step, to_eps, to_x_0
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.unet import Conditioning, predict

BATCH_SIZE = 16
"""Timesteps per call of the network, which sees each of them twice: with the prompt and without."""


@dataclass(frozen=True)
class Prediction:
    """The network's output for a noised glyph, and the step that two samplers make of it.

    Pictures are float32 (1, 1, 128, 128).

    Attributes:
        eps: the predicted noise.
        pred_x_0: the predicted clean glyph, in [-1, 1].
        ddim: x_{t-k} without fresh noise.
        ddpm: x_{t-k} with fresh noise.
        noise_error: mean squared error of `eps`.
        x_0_error: mean squared error of `pred_x_0`; None when the source is pure noise.
    """

    eps: torch.Tensor
    pred_x_0: torch.Tensor
    ddim: torch.Tensor
    ddpm: torch.Tensor
    noise_error: float
    x_0_error: float | None


@dataclass(frozen=True)
class OneStep:
    """One denoising step with and without the prompt; pictures are float32 (1, 1, 128, 128).

    Attributes:
        timestep: 0 (clean) to 999 (noise).
        stride: number of timesteps that the step goes back; where fewer are left, it ends at the clean glyph.
        log_snr: natural logarithm of the timestep's signal-to-noise ratio alpha_bar / (1 - alpha_bar), also when the
            source is pure noise.
        x_0: the clean glyph, None when the source is pure noise.
        noise: the noise that was added to it.
        x_t: the network's input.
        prior: (1, 1, 32, 32), the glyph prior's blurry guess in [-1, 1].
        with_prompt: the prediction given the prompt.
        without_prompt: the prediction given the null prompt, from the same `x_t`.
    """

    timestep: int
    stride: int
    log_snr: float
    x_0: torch.Tensor | None
    noise: torch.Tensor
    x_t: torch.Tensor
    prior: torch.Tensor
    with_prompt: Prediction
    without_prompt: Prediction

    @property
    def difference(self) -> torch.Tensor:
        """`pred_x_0` with the prompt minus `pred_x_0` without it, positive where the prompt adds paper."""
        return self.with_prompt.pred_x_0 - self.without_prompt.pred_x_0


def take_step(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    timestep: int,
    x_0: torch.Tensor | None = None,
    stride: int = 40,
) -> OneStep:
    """Noise a glyph to `timestep` and take one denoising step, once with the prompt and once without.

    Args:
        pipeline: a loaded model.
        prompt: an English definition.
        seed: decides the noise, the sampler's fresh noise included.
        timestep: 0 to 999.
        x_0: float32 (1, 1, 128, 128) in [-1, 1]; None gives the network pure noise.
        stride: 1 to 1000; 40 is the stride of a run of 25 steps.

    Raises:
        ValueError: if the prompt, the seed, the timestep or the stride cannot be used.
    """
    return take_steps(pipeline, prompt, seed, [timestep], x_0, stride)[0]


@torch.inference_mode()
def take_steps(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    timesteps: list[int],
    x_0: torch.Tensor | None = None,
    stride: int = 40,
) -> list[OneStep]:
    """One step at each of several timesteps, with the same glyph and noise; arguments and errors as of `take_step`."""
    alphas_cumprod = pipeline.scheduler.alphas_cumprod
    _check(timesteps, stride, num_train_timesteps=len(alphas_cumprod))
    noise, (generator,) = initial_noise([seed])
    fresh_noise = torch.randn(noise.shape, generator=generator)
    prediction_type = pipeline.scheduler.config.prediction_type
    source = _Source(x_0, noise, fresh_noise, stride, alphas_cumprod, prediction_type)
    conditioning, prior = pipeline.encode_prompts([prompt, ""]), pipeline.suggest([prompt])
    steps = []
    for start in range(0, len(timesteps), BATCH_SIZE):
        chunk = timesteps[start : start + BATCH_SIZE]
        x_t = torch.cat([source.x_t(timestep) for timestep in chunk])
        outputs = _outputs(pipeline, x_t, chunk, conditioning)
        steps += [source.step(timestep, prior, *both) for timestep, *both in zip(chunk, *outputs, strict=True)]
    return steps


def _check(timesteps: list[int], stride: int, num_train_timesteps: int) -> None:
    for timestep in timesteps:
        if not 0 <= timestep < num_train_timesteps:
            raise ValueError(f"The timestep must lie between 0 and {num_train_timesteps - 1}; got {timestep}.")
    if not 1 <= stride <= num_train_timesteps:
        raise ValueError(f"The stride must lie between 1 and {num_train_timesteps}; got {stride}.")


def _outputs(
    pipeline: GlyffuserPipeline, x_t: torch.Tensor, timesteps: list[int], conditioning: Conditioning
) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """The network's outputs (1, 1, 128, 128) on the CPU for each `x_t`, with row 0 of `conditioning` and with row 1."""
    outputs = predict(
        pipeline.unet,
        x_t.repeat(2, 1, 1, 1).to(pipeline.device),
        torch.tensor(timesteps, device=pipeline.device).repeat(2),
        conditioning.rows([0] * len(timesteps) + [1] * len(timesteps)),
    ).cpu()
    with_prompt, without_prompt = outputs.chunk(2)
    return with_prompt.split(1), without_prompt.split(1)


@dataclass(frozen=True)
class _Source:
    """The glyph (None for pure noise) and the noise of a step, and the schedule that it is taken in."""

    x_0: torch.Tensor | None
    noise: torch.Tensor
    fresh_noise: torch.Tensor
    stride: int
    alphas_cumprod: torch.Tensor
    prediction_type: str

    def x_t(self, timestep: int) -> torch.Tensor:
        return self.noise if self.x_0 is None else add_noise(self.x_0, self.noise, self.alphas_cumprod[timestep])

    def step(self, timestep: int, prior: torch.Tensor, with_prompt: torch.Tensor, without: torch.Tensor) -> OneStep:
        return OneStep(
            timestep=timestep,
            stride=self.stride,
            log_snr=torch.logit(self.alphas_cumprod[timestep].double()).item(),
            x_0=self.x_0,
            noise=self.noise,
            x_t=self.x_t(timestep),
            prior=prior,
            with_prompt=self.prediction(timestep, with_prompt),
            without_prompt=self.prediction(timestep, without),
        )

    def prediction(self, timestep: int, output: torch.Tensor) -> Prediction:
        x_t, alpha_bar = self.x_t(timestep), self.alphas_cumprod[timestep]
        alpha_bar_previous = self.alphas_cumprod[timestep - self.stride] if timestep >= self.stride else torch.ones(())
        eps = to_eps(output, x_t, alpha_bar, self.prediction_type)
        pred_x_0 = to_x_0(output, x_t, alpha_bar, self.prediction_type).clamp(-1, 1)
        return Prediction(
            eps=eps,
            pred_x_0=pred_x_0,
            ddim=ddim_step(pred_x_0, eps, alpha_bar_previous),
            ddpm=ddpm_step(x_t, pred_x_0, alpha_bar, alpha_bar_previous, self.fresh_noise),
            noise_error=(eps - self.noise).square().mean().item(),
            x_0_error=None if self.x_0 is None else (pred_x_0 - self.x_0).square().mean().item(),
        )
