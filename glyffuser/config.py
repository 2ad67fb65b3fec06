"""Configuration of network and sampling as frozen dataclasses; values are checked here, once."""

from dataclasses import dataclass

GLYPH_SIZE = 128
"""Side of a glyph in pixels."""

PAPER, INK = 255, 0
"""Grey levels of a uint8 picture."""

MAX_INFERENCE_STEPS = 1000
"""Length of the noise schedule: a run can call the model once per timestep."""

MAX_SEED = 2**32 - 1

NETWORKS = ("full", "fast")
"""The network that was trained on real glyphs, and the one distilled from it, which needs four calls."""


class InputError(ValueError):
    """Something that a user typed or sent cannot be used.

    Attributes:
        key: name of the sentence, under which a page may have it in other languages.
        values: what stands for each `{name}` in the sentence.
    """

    def __init__(self, key: str, sentence: str, **values: object) -> None:
        """
        Args:
            key: name of the sentence.
            sentence: in English, with `{name}` where a value belongs.
            values: by name.
        """
        super().__init__(sentence.format(**values))
        self.key, self.values = key, values


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of the network, and what it predicts.

    Attributes:
        patch_size: side of the pixel patches that become channels (space-to-depth).
        block_out_channels: widths of the U-net's levels, finest first.
        num_attention_heads: heads per level; as many numbers as `block_out_channels`.
        layers_per_block: residual blocks per level.
        cross_attention_dim: width to which the text states are projected.
        text_channels: width of the text encoder's states (384 for MiniLM).
        prediction_type: what the network predicts, "v_prediction" or "epsilon", as diffusers spells them.
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
        """Side of the grid of patches: the U-net's resolution, and that of the glyph prior's picture."""
        return GLYPH_SIZE // self.patch_size


@dataclass(frozen=True)
class SampleConfig:
    """Sampling settings: everything but prompt and seed that decides a glyph, given a checkpoint.

    Attributes:
        num_inference_steps: number of denoising steps, 1 to 1000.
        guidance_scale: classifier-free guidance (Ho & Salimans 2022); 1 means off. High values blank regions that the
            prompt leaves unconstrained.
        sampler: a key of `glyffuser.diffusion.SAMPLERS`. With fresh noise at every step (the default), later steps
            correct errors of earlier ones, and strokes are cleaner.
        guidance_interval: first and last timestep, both included, between which guidance acts
            (Kynkäänniemi et al. 2024); outside it the output with the prompt is used as it is. At lower timesteps
            guidance only roughens strokes.
        pag_scale: perturbed-attention guidance (Ahn et al. 2024), away from the output with perturbed self-attention,
            which makes strokes join into parts; 0 means off.
        pag_interval: first and last timestep, both included, between which perturbed-attention guidance acts: where
            the parts of a glyph take shape.
        spacing: a key of `glyffuser.spacing.SPACINGS`, which places the steps within the noise schedule.
        network: one of `NETWORKS`.
    """

    num_inference_steps: int = 14
    guidance_scale: float = 4.0
    sampler: str = "dpm++-sde"
    guidance_interval: tuple[int, int] = (400, 999)
    pag_scale: float = 3.0
    pag_interval: tuple[int, int] = (500, 800)
    spacing: str = "middle"
    network: str = "full"

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
        """Whether classifier-free guidance needs the null prompt at `timestep`."""
        low, high = self.guidance_interval
        return self.guidance_scale != 1 and low <= timestep <= high

    def is_perturbed_at(self, timestep: int) -> bool:
        """Whether perturbed-attention guidance acts at `timestep`."""
        low, high = self.pag_interval
        return self.pag_scale > 0 and low <= timestep <= high


FAST_CONFIG = SampleConfig(
    num_inference_steps=4, guidance_scale=1.0, pag_scale=0.0, sampler="ddim", spacing="segments", network="fast"
)
"""How the fast network draws, and only so: it was trained at these four timesteps, and guidance is in its weights."""
