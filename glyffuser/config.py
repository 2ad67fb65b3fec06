"""Every choice that a run depends on, as frozen dataclasses; the values are checked here, once."""

from dataclasses import dataclass

GLYPH_SIZE = 128
"""Side of a glyph in pixels."""

PAPER, INK = 255, 0
"""Grey levels of a picture."""

MAX_INFERENCE_STEPS = 1000
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the network and the noise it was trained with.

    Attributes:
        patch_size: side of the pixel patches that become channels (space-to-depth).
        block_out_channels: widths of the U-net's levels, finest first.
        num_attention_heads: heads per level; its length equals that of `block_out_channels`.
        layers_per_block: residual blocks per level.
        cross_attention_dim: width to which the text states are projected.
        text_channels: width of the text encoder's states (384 for MiniLM).
        prediction_type: what the network predicts, in the words of diffusers.
    """

    patch_size: int = 4
    block_out_channels: tuple[int, ...] = (64, 128, 256)
    num_attention_heads: tuple[int, ...] = (2, 4, 8)
    layers_per_block: int = 1
    cross_attention_dim: int = 256
    text_channels: int = 384
    prediction_type: str = "v_prediction"

    def __post_init__(self) -> None:
        if GLYPH_SIZE % self.patch_size:
            raise ValueError(f"patch_size must divide {GLYPH_SIZE}, got {self.patch_size}")
        if len(self.block_out_channels) != len(self.num_attention_heads):
            raise ValueError(
                f"block_out_channels and num_attention_heads must be equally long, "
                f"got {self.block_out_channels} and {self.num_attention_heads}"
            )

    @property
    def grid_size(self) -> int:
        """Side of the grid of patches, which is what the U-net sees and the size of the prior's picture."""
        return GLYPH_SIZE // self.patch_size


@dataclass(frozen=True)
class SampleConfig:
    """Everything but prompt and seed that decides a sampled glyph.

    Attributes:
        num_inference_steps: number of denoising steps, 1 to 1000.
        guidance_scale: classifier-free guidance (Ho & Salimans 2022); 1 means off. Far up it empties whatever part of a
            glyph the definition says nothing of.
        sampler: a key of `glyffuser.diffusion.SAMPLERS`. Fresh noise at every step lets later steps mend what earlier
            ones got wrong: strokes are cleaner than without it.
        guidance_interval: first and last timestep, both included, between which guidance acts
            (Kynkäänniemi et al. 2024); outside it the prompt alone is followed. Guidance decides what is drawn while
            noise is strong, and would only roughen the strokes later on.
        pag_scale: perturbed-attention guidance (Ahn et al. 2024): away from what the network would say if no place of
            the glyph looked at any other, so that strokes make up real parts; 0 means off.
        pag_interval: first and last timestep, both included, between which that acts: where the parts are decided.
    """

    num_inference_steps: int = 25
    guidance_scale: float = 4.0
    sampler: str = "dpm++-sde"
    guidance_interval: tuple[int, int] = (400, 999)
    pag_scale: float = 3.0
    pag_interval: tuple[int, int] = (500, 800)

    def __post_init__(self) -> None:
        if not 1 <= self.num_inference_steps <= MAX_INFERENCE_STEPS:
            raise ValueError(
                f"num_inference_steps must lie between 1 and {MAX_INFERENCE_STEPS}, got {self.num_inference_steps}"
            )
        if not 1 <= self.guidance_scale <= 30:
            raise ValueError(f"guidance_scale must lie between 1 (off) and 30, got {self.guidance_scale}")
        for name in ("guidance_interval", "pag_interval"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 999:
                raise ValueError(f"{name} must be two timesteps in order within 0 to 999, got {low} and {high}")
        if not 0 <= self.pag_scale <= 30:
            raise ValueError(f"pag_scale must lie between 0 (off) and 30, got {self.pag_scale}")

    def is_guided_at(self, timestep: int) -> bool:
        """Whether the null prompt is needed at `timestep`."""
        low, high = self.guidance_interval
        return self.guidance_scale != 1 and low <= timestep <= high

    def is_perturbed_at(self, timestep: int) -> bool:
        """Whether the network is needed with its self-attention cut at `timestep`."""
        low, high = self.pag_interval
        return self.pag_scale > 0 and low <= timestep <= high
