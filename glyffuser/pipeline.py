"""The whole way from a definition to a glyph, as a stream of frames."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from diffusers import DiffusionPipeline, SchedulerMixin, UNet2DConditionModel
from diffusers.utils import BaseOutput
from PIL import Image

from glyffuser.checkpoint import CheckpointError, check_files, remedy
from glyffuser.config import GLYPH_SIZE, MAX_SEED, SampleConfig
from glyffuser.diffusion import Frame, Predict, Run, add_noise, make_sampler, sample
from glyffuser.images import to_pil, x_0_to_uint8
from glyffuser.prior import GlyphPrior
from glyffuser.text import TextEncoder, TextStates, clean_prompt, sentence_vectors
from glyffuser.unet import Conditioning, PerturbableAttnProcessor, predict

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Number formats that the network can compute in, by name."""


@dataclass
class GlyffuserOutput(BaseOutput):
    """Finished glyphs.

    Attributes:
        images: one 128x128 picture of mode L per prompt.
    """

    images: list[Image.Image]


@dataclass(frozen=True)
class ChangingPrompt:
    """A definition that gives way to another on the way from noise to glyph.

    Attributes:
        first: an English definition.
        then: what the model is told in its place at lesser timesteps than `change_below`.
        change_below: 0 (never) to 1000 (from the start).

    Raises:
        ValueError: for another number.
    """

    first: str
    then: str
    change_below: int

    def __post_init__(self) -> None:
        if not 0 <= self.change_below <= 1000:
            raise ValueError(
                f"change_below must lie between 0 (never) and 1000 (from the start), got {self.change_below}"
            )

    def at(self, timestep: int) -> str:
        """What the model is told at a timestep."""
        return self.then if timestep < self.change_below else self.first


def best_device() -> str:
    """The device named by GLYFFUSER_DEVICE, else the fastest that is there."""
    if device := os.environ.get("GLYFFUSER_DEVICE"):
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def make_conditioning(states: TextStates, prior: torch.Tensor, is_null: torch.Tensor) -> Conditioning:
    """Put together what the U-net is told.

    Args:
        states: text states (batch, tokens, channels) and their mask.
        prior: (batch, 1, grid, grid), the glyph prior's pictures.
        is_null: bool (batch,), True where there is no prompt: sentence vector and picture become zero.
    """
    keep = ~is_null
    vectors = sentence_vectors(states) * states.encoder_hidden_states.shape[-1] ** 0.5
    return Conditioning(
        encoder_hidden_states=states.encoder_hidden_states,
        encoder_attention_mask=states.encoder_attention_mask,
        class_labels=vectors * keep[:, None],
        prior=prior * keep[:, None, None, None],
    )


def initial_noise(seeds: list[int]) -> tuple[torch.Tensor, list[torch.Generator]]:
    """The noise that each seed stands for, drawn on the CPU and so the same on every device.

    Returns:
        float32 (batch, 1, 128, 128), and the generators, ready for the noise that some samplers add later.

    Raises:
        ValueError: for a seed outside 0 to 2^32 - 1.
    """
    for seed in seeds:
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"a seed must lie between 0 and {MAX_SEED}, got {seed}")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    noise = [torch.randn(1, GLYPH_SIZE, GLYPH_SIZE, generator=generator) for generator in generators]
    return torch.stack(noise), generators


class GlyffuserPipeline(DiffusionPipeline):
    """Text encoder, glyph prior, U-net and noise schedule; read-only once loaded, so one serves every visitor."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        glyph_prior: GlyphPrior,
        scheduler: SchedulerMixin,
        text_encoder_name: str = "minilm",
        samples_seen: int = 0,
    ) -> None:
        """
        Args:
            unet: from `glyffuser.unet.build_unet`.
            glyph_prior: sentence vector -> blurry guess.
            scheduler: the noise of training, from `glyffuser.diffusion.training_scheduler`.
            text_encoder_name: the encoder that unet and prior were trained with.
            samples_seen: glyphs that the unet was trained on.
        """
        super().__init__()
        self.register_modules(unet=unet, glyph_prior=glyph_prior, scheduler=scheduler)
        self.register_to_config(text_encoder_name=text_encoder_name, samples_seen=samples_seen)
        unet.eval().to(memory_format=torch.channels_last)
        unet.set_attn_processor(PerturbableAttnProcessor())
        glyph_prior.eval()
        self._text_encoder: TextEncoder | None = None

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> "GlyffuserPipeline":
        """Load a checkpoint and its text encoder, ready to sample.

        Raises:
            CheckpointError: if a file is missing or damaged; the message names it.
            ValueError: for a device that is not here.
        """
        folder = Path(folder)
        check_files(folder)
        try:
            pipeline = cls.from_pretrained(folder, dtype=dtype, local_files_only=True)
        except Exception as error:  # diffusers raises whatever its parts raise
            raise CheckpointError(
                f"checkpoint {folder} could not be read ({_first_line(error)}): {remedy(folder)}"
            ) from error
        pipeline.text_encoder  # noqa: B018 - fail now rather than at the first prompt
        try:
            pipeline.unet.to(device)  # not the prior: milliseconds on the CPU, and there while a GPU is lent to nobody
        except (RuntimeError, AssertionError) as error:
            raise ValueError(
                f"device {device!r} cannot be used here ({_first_line(error)}): give cpu, cuda or mps, or unset "
                f"GLYFFUSER_DEVICE"
            ) from error
        return pipeline

    @property
    def device(self) -> torch.device:
        """Where the U-net is; text encoder and glyph prior may be elsewhere."""
        return self.unet.device

    @property
    def text_encoder(self) -> TextEncoder:
        """The text encoder, loaded at first use."""
        if self._text_encoder is None:
            self._text_encoder = TextEncoder.load(self.config.text_encoder_name)
        return self._text_encoder

    @text_encoder.setter
    def text_encoder(self, encoder: TextEncoder) -> None:
        trained_with = self.config.text_encoder_name
        if encoder.name != trained_with:
            raise ValueError(
                f"this checkpoint was trained with the text encoder {trained_with!r}, not {encoder.name!r}"
            )
        self._text_encoder = encoder

    @torch.inference_mode()
    def encode_prompts(self, prompts: list[str]) -> Conditioning:
        """What the U-net is told of each prompt, cleaned as by `clean_prompt`; "" is the null prompt."""
        states = self.text_encoder(prompts)
        is_null = torch.tensor([not prompt for prompt in prompts])
        return make_conditioning(states, self._prior_pictures(states, is_null).cpu(), is_null).to(self.device)

    @torch.inference_mode()
    def suggest(self, prompts: list[str]) -> torch.Tensor:
        """What the words alone suggest, before any noise is looked at.

        Args:
            prompts: cleaned as by `clean_prompt`; "" suggests the mean glyph.

        Returns:
            float32 (batch, 1, 32, 32) in [-1, 1], on the CPU.
        """
        is_null = torch.tensor([not prompt for prompt in prompts])
        return self.glyph_prior.to_x_0(self._prior_pictures(self.text_encoder(prompts), is_null)).cpu()

    @torch.inference_mode()
    def suggest_radicals(self, prompts: list[str]) -> torch.Tensor:
        """How likely the words alone make each radical.

        Args:
            prompts: cleaned as by `clean_prompt`, none of them empty.

        Returns:
            float32 (batch, 215), each row sums to 1; radicals count from 1.
        """
        sentences = sentence_vectors(self.text_encoder(prompts)).to(self.glyph_prior.device)
        return self.glyph_prior.by_radical(self.glyph_prior.probabilities(sentences)).cpu()

    def _prior_pictures(self, states: TextStates, is_null: torch.Tensor) -> torch.Tensor:
        return self.glyph_prior((sentence_vectors(states) * ~is_null[:, None]).to(self.glyph_prior.device))

    def begin(
        self,
        prompts: list[str | ChangingPrompt],
        seeds: list[int],
        config: SampleConfig,
        x_0: torch.Tensor | None = None,
        start_timestep: int = 999,
    ) -> Run:
        """Check an order for one glyph per prompt, and set out what its run begins with; no step is taken yet.

        Args:
            prompts: English definitions, or such as change on the way; "" samples the unconditional distribution.
            seeds: one per prompt; decides that glyph alone, whatever else is in the batch.
            config: sampler, steps and guidance.
            x_0: float32 (batch, 1, 128, 128) in [-1, 1], glyphs to begin from instead of pure noise.
            start_timestep: 0 to 999, how deep those are noised first; only the steps from there on are taken.

        Raises:
            ValueError: if the lists differ in length or are empty, if a prompt, a seed or a setting is out of range, or
                if no step lies at or below `start_timestep`.
        """
        if not prompts or len(prompts) != len(seeds):
            raise ValueError(f"there must be one seed per prompt, got {len(prompts)} prompts and {len(seeds)} seeds")
        x_t, generators = initial_noise(seeds)
        predict = self._guided(prompts, config)
        sampler = make_sampler(config.sampler, self.scheduler, config.num_inference_steps)
        timesteps = sampler.timesteps.tolist()
        if x_0 is not None:
            timesteps = [timestep for timestep in timesteps if timestep <= start_timestep]
            if not timesteps:
                raise ValueError(f"{config.num_inference_steps} steps leave none below timestep {start_timestep}")
            x_t = add_noise(x_0, x_t, sampler.alphas_cumprod[timesteps[0]])
        frames = sample(predict, x_t.to(self.device), sampler, timesteps, generators)
        return Run(x_t, timesteps, frames)

    def stream(self, prompts: list[str], seeds: list[int], config: SampleConfig) -> Iterator[Frame]:
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

    def _guided(self, prompts: list[str | ChangingPrompt], config: SampleConfig) -> Predict:
        """The model with classifier-free (Ho & Salimans 2022) and perturbed-attention guidance (Ahn et al. 2024).

        Its answers to the prompt, to the null prompt and with its self-attention cut all come from one call.
        """
        changing = [p if isinstance(p, ChangingPrompt) else ChangingPrompt(p, p, 0) for p in prompts]
        changing = [replace(p, first=clean_prompt(p.first), then=clean_prompt(p.then)) for p in changing]
        distinct = list(dict.fromkeys([text for p in changing for text in (p.first, p.then)] + [""]))
        encoded = self.encode_prompts(distinct)
        null_rows = [distinct.index("")] * len(prompts)

        def answer(x_t: torch.Tensor, timestep: int) -> torch.Tensor:
            rows = [distinct.index(p.at(timestep)) for p in changing]
            is_guided = config.is_guided_at(timestep) and rows != null_rows
            is_perturbed = config.is_perturbed_at(timestep)
            asked = [rows] + is_guided * [null_rows] + is_perturbed * [rows]
            answers = predict(
                self.unet,
                x_t.repeat(len(asked), 1, 1, 1),
                torch.full((len(asked) * len(x_t),), timestep, device=x_t.device),
                encoded.rows(sum(asked, [])),
                num_perturbed=is_perturbed * len(x_t),
            ).chunk(len(asked))
            guided = conditional = answers[0]
            if is_guided:
                guided = guided + (config.guidance_scale - 1) * (conditional - answers[1])
            if is_perturbed:
                guided = guided + config.pag_scale * (conditional - answers[-1])
            return guided

        return answer


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
