"""GlyffuserPipeline: prompts, seeds and settings -> a stream of frames."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMScheduler, DiffusionPipeline, SchedulerMixin, UNet2DConditionModel
from diffusers.utils import BaseOutput
from PIL import Image

from glyffuser.checkpoint import CheckpointError, check_files, check_network, local_folder, remedy, weights_path
from glyffuser.config import FAST_CONFIG, InputError, SampleConfig
from glyffuser.diffusion import SAMPLERS, Frame, Predict, Run, add_noise, initial_noise, make_sampler, sample
from glyffuser.guidance import guided_output
from glyffuser.images import to_pil, x_0_to_uint8
from glyffuser.prior import GlyphPrior
from glyffuser.prompts import PromptEncoder, PromptEncoding, SwitchingPrompt, batch_conditioning
from glyffuser.text import TextEncoder
from glyffuser.unet import Conditioning, check_attention, has_own_attention, install_attention

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Number formats that the network can compute in, by name."""


@dataclass
class GlyffuserOutput(BaseOutput):
    """Finished glyphs.

    Attributes:
        images: one 128x128 picture of mode L per prompt.
    """

    images: list[Image.Image]


def best_device() -> str:
    """The device named by GLYFFUSER_DEVICE, else the fastest available one."""
    if device := os.environ.get("GLYFFUSER_DEVICE"):
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class GlyffuserPipeline(DiffusionPipeline):
    """Text encoder, glyph prior, U-net and noise schedule; sampling changes none of them, so threads can share it."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        glyph_prior: GlyphPrior,
        scheduler: SchedulerMixin,
        text_encoder_name: str = "minilm",
        samples_seen: int = 0,
        teacher: str = "",
        sampling: dict[str, Any] | None = None,
    ) -> None:
        """
        Args:
            unet: from `glyffuser.unet.build_unet`.
            glyph_prior: sentence vector -> blurry guess of the glyph.
            scheduler: noise schedule of training, from `glyffuser.diffusion.training_scheduler`.
            text_encoder_name: the encoder that U-net and prior were trained with.
            samples_seen: number of glyphs that the U-net was trained on.
            teacher: fingerprint of the checkpoint that it was distilled from; "" if it was not.
            sampling: fields of the `SampleConfig` that it needs, if only one will do.
        """
        super().__init__()
        self.register_modules(unet=unet, glyph_prior=glyph_prior, scheduler=scheduler)
        self.register_to_config(
            text_encoder_name=text_encoder_name, samples_seen=samples_seen, teacher=teacher, sampling=sampling
        )
        unet.eval().to(memory_format=torch.channels_last)
        if not has_own_attention(unet):  # diffusers loads a network with its own processors
            install_attention(unet)
        glyph_prior.eval()
        self.fast_unet: UNet2DConditionModel | None = None
        """Draws where a config asks for the fast network; the U-net of another pipeline, on the same device."""
        self._prompt_encoder: PromptEncoder | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse samplers in place of the noise schedule of training, where they would change nothing."""
        if name == "scheduler" and not isinstance(value, DDPMScheduler):
            raise InputError(
                "scheduler_is_schedule",
                "the scheduler of this pipeline is the noise schedule of training, a DDPMScheduler, not {value}: "
                "choose a sampler by SampleConfig(sampler=...), one of {samplers}",
                value=type(value).__name__,
                samplers=", ".join(SAMPLERS),
            )
        super().__setattr__(name, value)

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> "GlyffuserPipeline":
        """Load a checkpoint and its text encoder, ready to sample.

        Raises:
            CheckpointError: if a file is missing or damaged; the message names it.
            InputError: if the device is not available.
            OSError: if the text encoder is not found.
        """
        folder = Path(folder)
        check_files(folder)
        try:
            pipeline = cls.from_pretrained(folder, dtype=dtype, local_files_only=True)
        except CheckpointError:
            raise
        except Exception as error:  # diffusers raises many types
            raise CheckpointError(
                f"checkpoint {folder} could not be read ({_first_line(error)}): {remedy(folder)}"
            ) from error
        pipeline.text_encoder  # noqa: B018 - fail now rather than at the first prompt
        try:
            # not the prior: it takes milliseconds on the CPU, and must answer while no GPU is assigned (ZeroGPU)
            pipeline.unet.to(device)
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                "device_unusable",
                "device {device} cannot be used here ({reason}): give cpu, cuda or mps, or unset GLYFFUSER_DEVICE",
                device=repr(device),
                reason=_first_line(error),
            ) from error
        return pipeline

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **kwargs: Any) -> "GlyffuserPipeline":
        """Load a checkpoint as in diffusers, from a folder or the Hub; checks first that its weights are complete.

        Raises:
            CheckpointError: if a tensor is missing or none of the network's.
        """
        # not left to diffusers, which looks for the code of the glyph prior in the repository
        folder = local_folder(pretrained_model_name_or_path, kwargs)
        for part, network in (("unet", UNet2DConditionModel), ("glyph_prior", GlyphPrior)):
            if part not in kwargs and "variant" not in kwargs and weights_path(folder, part).is_file():
                check_network(folder, part, network)
        return super().from_pretrained(folder, **kwargs)

    @property
    def device(self) -> torch.device:
        """Device of the U-net; text encoder and glyph prior may be on another."""
        return self.unet.device

    @property
    def text_encoder(self) -> TextEncoder:
        """The text encoder, loaded at first use; a new one empties the cache of encoded prompts."""
        return self.prompt_encoder.text_encoder

    @text_encoder.setter
    def text_encoder(self, encoder: TextEncoder) -> None:
        trained_with = self.config.text_encoder_name
        if encoder.name != trained_with:
            raise ValueError(
                f"this checkpoint was trained with the text encoder {trained_with!r}, not {encoder.name!r}"
            )
        self._prompt_encoder = PromptEncoder(encoder, self.glyph_prior)

    @property
    def prompt_encoder(self) -> PromptEncoder:
        """Text encoder and glyph prior with their cache; encodes many prompts as one batch."""
        if self._prompt_encoder is None:
            encoder = TextEncoder.load(self.config.text_encoder_name)
            self._prompt_encoder = PromptEncoder(encoder, self.glyph_prior)
        return self._prompt_encoder

    def encode(self, prompt: str) -> PromptEncoding:
        """Clean and encode one prompt; the latest encodings are cached.

        Raises:
            ValueError: if the prompt is too long, holds control characters or is no text.
        """
        return self.prompt_encoder([prompt])[0]

    def encode_prompts(self, prompts: Sequence[str]) -> Conditioning:
        """The U-net's inputs for each prompt, on its device; "" is the null prompt. Errors as of `encode`."""
        return batch_conditioning(self.prompt_encoder(prompts)).to(self.device)

    @torch.inference_mode()
    def suggest(self, prompts: Sequence[str]) -> torch.Tensor:
        """The glyph prior's guess from the text alone.

        Args:
            prompts: English definitions; "" gives the mean glyph.

        Returns:
            float32 (batch, 1, 32, 32) in [-1, 1], on the CPU.

        Raises:
            ValueError: as `encode`.
        """
        pictures = batch_conditioning(self.prompt_encoder(prompts)).prior
        return self.glyph_prior.to_x_0(pictures.to(self.glyph_prior.device)).cpu()

    @torch.inference_mode()
    def suggest_radicals(self, prompts: Sequence[str]) -> torch.Tensor:
        """Probability of each radical given the text alone.

        Args:
            prompts: English definitions, none of them empty.

        Returns:
            float32 (batch, 215), each row sums to 1; radicals count from 1.

        Raises:
            ValueError: as `encode`.
        """
        sentences = torch.stack([encoding.sentence for encoding in self.prompt_encoder(prompts)])
        probabilities = self.glyph_prior.probabilities(sentences.to(self.glyph_prior.device))
        return self.glyph_prior.by_radical(probabilities).cpu()

    def begin(
        self,
        prompts: Sequence[str | SwitchingPrompt],
        seeds: list[int],
        config: SampleConfig,
        x_0: torch.Tensor | None = None,
        start_timestep: int = 999,
    ) -> Run:
        """Check the arguments and prepare a run of one glyph per prompt; no step is taken yet.

        Args:
            prompts: English definitions, or pairs that switch on the way; "" samples the unconditional distribution.
            seeds: one per prompt; decides that glyph alone, whatever else is in the batch.
            config: sampler, steps and guidance.
            x_0: float32 (batch, 1, 128, 128) in [-1, 1], glyphs to noise and start from instead of pure noise.
            start_timestep: 0 to 999, the noise level to start from when `x_0` is given; earlier steps are skipped.

        Returns:
            The run; its `x_t` is the initial noise (or the noised `x_0`), so callers need not draw it again.

        Raises:
            InputError: if there is no network such as the config asks for.
            ValueError: if the lists differ in length or are empty, if a prompt, a seed or a setting is out of range, or
                if no step lies at or below `start_timestep`.
        """
        if not len(prompts) or len(prompts) != len(seeds):
            raise ValueError(f"there must be one seed per prompt, got {len(prompts)} prompts and {len(seeds)} seeds")
        if config.pag_scale:
            check_attention(self.unet)
        x_t, generators = initial_noise(seeds)
        predict = self._guided(prompts, config)
        sampler = make_sampler(config.sampler, self.scheduler, config.num_inference_steps, config.spacing)
        timesteps = sampler.timesteps.tolist()
        if x_0 is not None:
            timesteps = [timestep for timestep in timesteps if timestep <= start_timestep]
            if not timesteps:
                raise ValueError(f"{config.num_inference_steps} steps leave none below timestep {start_timestep}")
            x_t = add_noise(x_0, x_t, sampler.alphas_cumprod[timesteps[0]])
        frames = sample(predict, x_t.to(self.device), sampler, timesteps, generators)
        return Run(x_t, timesteps, frames)

    def stream(
        self, prompts: Sequence[str | SwitchingPrompt], seeds: list[int], config: SampleConfig
    ) -> Iterator[Frame]:
        """Denoise one glyph per prompt, one frame per model call; arguments and errors as of `begin`.

        Returns:
            Frames in sampling order; the last one holds the finished glyphs in [-1, 1].
        """
        return self.begin(prompts, seeds, config).frames

    def __call__(
        self, prompts: str | list[str], seeds: list[int] | None = None, config: SampleConfig | None = None
    ) -> GlyffuserOutput:
        """Drain `stream` and return the finished glyphs as pictures.

        Args:
            prompts: one definition, or one per glyph.
            seeds: one per prompt; 0, 1, 2 ... when not given.
            config: the defaults when not given.
        """
        prompts = [prompts] if isinstance(prompts, str) else prompts
        seeds = list(range(len(prompts))) if seeds is None else seeds
        config = config or SampleConfig()
        with self.progress_bar(total=config.num_inference_steps) as progress:
            for frame in self.stream(prompts, seeds, config):
                finished = frame.x_t
                progress.update()
        return GlyffuserOutput(images=[to_pil(pixels) for pixels in x_0_to_uint8(finished)])

    def _guided(self, prompts: Sequence[str | SwitchingPrompt], config: SampleConfig) -> Predict:
        """The model with guidance: prompts switch where they are pairs."""
        switching = [p if isinstance(p, SwitchingPrompt) else SwitchingPrompt(p, p, 0) for p in prompts]
        conditioning, row_of = self._distinct_rows([text for p in switching for text in (p.first, p.then)] + [""])
        null_rows = [row_of[""]] * len(prompts)
        null = conditioning.rows(null_rows)

        unet = self._network(config)

        def guided(x_t: torch.Tensor, timestep: int) -> torch.Tensor:
            rows = [row_of[p.at(timestep)] for p in switching]
            given_null = None if rows == null_rows else null  # there is nothing to be guided away from
            return guided_output(unet, x_t, timestep, conditioning.rows(rows), given_null, config)

        return guided

    def _network(self, config: SampleConfig) -> UNet2DConditionModel:
        """The U-net that a config asks for."""
        if config.network == FAST_CONFIG.network:
            if self.fast_unet is None:
                raise InputError("no_fast_network", "There is no fast network here; choose the full one.")
            return self.fast_unet
        return self.unet

    def _distinct_rows(self, texts: list[str]) -> tuple[Conditioning, dict[str, int]]:
        """One row of conditioning per distinct prompt, on the U-net's device, and the row of each text."""
        encodings = dict(zip(texts, self.prompt_encoder(texts), strict=True))
        distinct = {encoding.prompt: encoding for encoding in encodings.values()}
        row_of_prompt = {prompt: row for row, prompt in enumerate(distinct)}
        conditioning = batch_conditioning(list(distinct.values())).to(self.device)
        return conditioning, {text: row_of_prompt[encoding.prompt] for text, encoding in encodings.items()}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
