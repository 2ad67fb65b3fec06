"""One denoising step taken apart: what goes into the network, what comes out, with and without the prompt."""

from dataclasses import dataclass

import torch

from glyffuser.diffusion import add_noise, ddim_step, ddpm_step, to_eps, to_x_0
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.text import clean_prompt
from glyffuser.unet import predict

BATCH_SIZE = 16
"""Timesteps looked at in one call of the network."""


@dataclass(frozen=True)
class Prediction:
    """What the network makes of a noised glyph, and where each sampler goes from there.

    Pictures are float32 (1, 1, 128, 128).

    Attributes:
        eps: the noise it sees.
        pred_x_0: the clean glyph it sees behind that noise, in [-1, 1].
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
class SingleStep:
    """One step from one noise; pictures are float32 (1, 1, 128, 128).

    Attributes:
        timestep: 0 (clean) to 999 (noise).
        stride: how many timesteps the step goes back; it ends at the clean glyph where fewer are left.
        log_snr: natural logarithm of the timestep's signal-to-noise ratio alpha_bar / (1 - alpha_bar), whatever the
            source is.
        x_0: the clean glyph, None when the source is pure noise.
        noise: what was added to it.
        x_t: what the network is shown.
        prior: (1, 1, 32, 32), the glyph prior's blurry guess in [-1, 1].
        with_prompt: the network's answer to the prompt.
        without_prompt: its answer to the null prompt, from the same noise.
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
        """How the prompt changes the guess: pred_x_0 with it minus pred_x_0 without, positive where it adds paper."""
        return self.with_prompt.pred_x_0 - self.without_prompt.pred_x_0


def take_step(
    pipeline: GlyffuserPipeline,
    prompt: str,
    seed: int,
    timestep: int,
    x_0: torch.Tensor | None = None,
    stride: int = 40,
) -> SingleStep:
    """Noise a glyph to `timestep` and ask the network, once with the prompt and once without, what it sees.

    Args:
        pipeline: a loaded model.
        prompt: an English definition.
        seed: decides the noise, the fresh noise included.
        timestep: 0 to 999.
        x_0: float32 (1, 1, 128, 128) in [-1, 1]; None shows the network pure noise.
        stride: 1 to 1000; 40 is that of a run of 25 steps.

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
) -> list[SingleStep]:
    """The same glyph with the same noise at several timesteps; arguments and errors as in `take_step`."""
    alphas_cumprod = pipeline.scheduler.alphas_cumprod
    last = len(alphas_cumprod) - 1
    for timestep in timesteps:
        if not 0 <= timestep <= last:
            raise ValueError(f"The timestep must lie between 0 and {last}; got {timestep}.")
    if not 1 <= stride <= last + 1:
        raise ValueError(f"The stride must lie between 1 and {last + 1}; got {stride}.")
    noise, (generator,) = initial_noise([seed])
    fresh_noise = torch.randn(noise.shape, generator=generator)
    prompt = clean_prompt(prompt)
    conditioning = pipeline.encode_prompts([prompt, ""])
    prior = pipeline.suggest([prompt])
    prediction_type = pipeline.scheduler.config.prediction_type

    def look(timestep: int, x_t: torch.Tensor, output: torch.Tensor) -> Prediction:
        alpha_bar = alphas_cumprod[timestep]
        alpha_bar_previous = alphas_cumprod[timestep - stride] if timestep >= stride else torch.ones(())
        eps = to_eps(output, x_t, alpha_bar, prediction_type)
        pred_x_0 = to_x_0(output, x_t, alpha_bar, prediction_type).clamp(-1, 1)
        return Prediction(
            eps=eps,
            pred_x_0=pred_x_0,
            ddim=ddim_step(pred_x_0, eps, alpha_bar_previous),
            ddpm=ddpm_step(x_t, pred_x_0, alpha_bar, alpha_bar_previous, fresh_noise),
            noise_error=(eps - noise).square().mean().item(),
            x_0_error=None if x_0 is None else (pred_x_0 - x_0).square().mean().item(),
        )

    steps = []
    for start in range(0, len(timesteps), BATCH_SIZE):
        chunk = timesteps[start : start + BATCH_SIZE]
        x_ts = [noise if x_0 is None else add_noise(x_0, noise, alphas_cumprod[t]) for t in chunk]
        rows = [0] * len(chunk) + [1] * len(chunk)  # with the prompt, then without
        outputs = predict(
            pipeline.unet,
            torch.cat([*x_ts, *x_ts]).to(pipeline.device),
            torch.tensor([*chunk, *chunk], device=pipeline.device),
            conditioning.rows(rows),
        ).cpu()
        for timestep, x_t, with_prompt, without_prompt in zip(
            chunk, x_ts, outputs[: len(chunk)].split(1), outputs[len(chunk) :].split(1), strict=True
        ):
            steps.append(
                SingleStep(
                    timestep=timestep,
                    stride=stride,
                    log_snr=torch.logit(alphas_cumprod[timestep].double()).item(),
                    x_0=x_0,
                    noise=noise,
                    x_t=x_t,
                    prior=prior,
                    with_prompt=look(timestep, x_t, with_prompt),
                    without_prompt=look(timestep, x_t, without_prompt),
                )
            )
    return steps
