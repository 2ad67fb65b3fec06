"""One denoising step taken apart: what goes into the network, what comes out, with and without the prompt."""

from dataclasses import dataclass

import torch

from glyffuser.diffusion import add_noise, to_eps, to_x_0
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.text import clean_prompt
from glyffuser.unet import predict


@dataclass(frozen=True)
class Prediction:
    """What the network makes of a noised glyph; float32 (1, 1, 128, 128) each.

    Attributes:
        eps: the noise it sees.
        pred_x_0: the clean glyph it sees behind that noise, not clipped.
    """

    eps: torch.Tensor
    pred_x_0: torch.Tensor


@dataclass(frozen=True)
class SingleStep:
    """One step from one noise; pictures are float32 (1, 1, 128, 128).

    Attributes:
        timestep: 0 (clean) to 999 (noise).
        log_snr: natural logarithm of the signal-to-noise ratio alpha_bar / (1 - alpha_bar).
        x_0: the clean glyph, None when the source is pure noise.
        noise: what was added to it.
        x_t: what the network is shown.
        prior: (1, 1, 32, 32), the glyph prior's blurry guess in [-1, 1].
        with_prompt: the network's answer to the prompt.
        without_prompt: its answer to the null prompt, from the same noise.
    """

    timestep: int
    log_snr: float
    x_0: torch.Tensor | None
    noise: torch.Tensor
    x_t: torch.Tensor
    prior: torch.Tensor
    with_prompt: Prediction
    without_prompt: Prediction

    @property
    def difference(self) -> torch.Tensor:
        """How the prompt changes the guess: pred_x_0 with it minus pred_x_0 without."""
        return self.with_prompt.pred_x_0 - self.without_prompt.pred_x_0


@torch.inference_mode()
def take_step(
    pipeline: GlyffuserPipeline, prompt: str, seed: int, timestep: int, x_0: torch.Tensor | None = None
) -> SingleStep:
    """Noise a glyph to `timestep` and ask the network, once with the prompt and once without, what it sees.

    Args:
        pipeline: a loaded model.
        prompt: an English definition.
        seed: decides the noise.
        timestep: 0 to 999.
        x_0: float32 (1, 1, 128, 128) in [-1, 1]; None shows the network pure noise.

    Raises:
        ValueError: if the prompt, the seed or the timestep cannot be used.
    """
    alphas_cumprod = pipeline.scheduler.alphas_cumprod
    if not 0 <= timestep < len(alphas_cumprod):
        raise ValueError(f"The timestep must lie between 0 and {len(alphas_cumprod) - 1}; got {timestep}.")
    alpha_bar = alphas_cumprod[timestep]
    noise, _ = initial_noise([seed])
    x_t = noise if x_0 is None else add_noise(x_0, noise, alpha_bar)
    conditioning = pipeline.encode_prompts([clean_prompt(prompt), ""])
    output = predict(
        pipeline.unet,
        x_t.expand(2, -1, -1, -1).to(pipeline.device),
        torch.full((2,), timestep, device=pipeline.device),
        conditioning,
    ).cpu()
    prediction_type = pipeline.scheduler.config.prediction_type
    with_prompt, without_prompt = (
        Prediction(to_eps(v, x_t, alpha_bar, prediction_type), to_x_0(v, x_t, alpha_bar, prediction_type))
        for v in output.split(1)
    )
    return SingleStep(
        timestep=timestep,
        log_snr=torch.log(alpha_bar / (1 - alpha_bar)).item(),
        x_0=x_0,
        noise=noise,
        x_t=x_t,
        prior=pipeline.glyph_prior.to_x_0(conditioning.prior[:1]).cpu(),
        with_prompt=with_prompt,
        without_prompt=without_prompt,
    )
