"""Same noise, one thing changed: glyphs of one seed side by side; every difference is an effect of the change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, product

from glyffuser.config import FAST_CONFIG, InputError, SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prompts import SwitchingPrompt
from glyffuser.side_by_side import JointFrame, side_by_side
from glyffuser.spacing import spaced_timesteps

NUM_STEPS = (1, 2, 3, 5, 10, 15, 25, 50, 100)
GUIDANCE_SCALES = (1, 2, 3, 5, 7, 10, 13, 16, 20)
STEPS_BY_GUIDANCE = ((3, 10, 25), (1, 5, 15))
"""Numbers of steps, one row each, and guidance scales, one column each."""
PAG_SCALES = (0, 0.5, 1, 2, 3, 4, 6, 8, 10)
SWITCH_TIMESTEPS = (1000, 880, 760, 680, 600, 520, 440, 360, 0)
"""Timesteps at which one prompt replaces another; 1000 is from the start, 0 is never."""
SAMPLER_NAMES = {
    "dpm++-sde": "DPM-Solver++ SDE",
    "dpm++": "DPM-Solver++",
    "ddim": "DDIM",
    "ddpm": "DDPM",
}
MAX_PREFIXES = 9
"""Variants of a prompt that grows word by word; as many as the other comparisons have."""
NO_WORDS = "no words"


@dataclass(frozen=True)
class Variant:
    """One of the compared glyphs.

    Attributes:
        name: its difference from the others, in a word or two.
        prompt: an English definition, or two that switch on the way; "" samples without a prompt.
        config: sampler, steps and guidance.
    """

    name: str
    prompt: str | SwitchingPrompt
    config: SampleConfig


def vary_words(prompt: str, config: SampleConfig) -> list[Variant]:
    """The first words of the prompt, from none to all; a long prompt grows by several words, to 9 variants at most.

    Raises:
        InputError: for a prompt without words.
    """
    words = prompt.split()
    if not words:
        raise InputError("no_words", "There are no words to add one by one; type a definition first.")
    steps = min(len(words), MAX_PREFIXES - 1)
    lengths = [round(i * len(words) / steps) for i in range(steps + 1)]
    grown = [Variant("+ " + " ".join(words[a:b]), " ".join(words[:b]), config) for a, b in pairwise(lengths)]
    return [Variant(NO_WORDS, "", config), *grown]


def vary_definition(prompt: str, other: str, config: SampleConfig) -> list[Variant]:
    """Two definitions."""
    return [Variant(text or NO_WORDS, text, config) for text in (prompt, other)]


def vary_switch(prompt: str, other: str, config: SampleConfig) -> list[Variant]:
    """Prompt switching at each of `SWITCH_TIMESTEPS`; those between the same two steps give one variant.

    Raises:
        ValueError: if both prompts are the same.
    """
    if prompt == other:
        raise InputError("same_definitions", "Both definitions are the same; change one of them.")
    timesteps = spaced_timesteps(config.num_inference_steps, config.spacing)
    # number of steps before the switch -> its timestep
    switches = {sum(timestep >= switch for timestep in timesteps): switch for switch in SWITCH_TIMESTEPS}
    names = {0: other or NO_WORDS, len(timesteps): prompt or NO_WORDS}
    return [
        Variant(names.get(num_steps, f"after {_steps(num_steps)}"), SwitchingPrompt(prompt, other, switch), config)
        for num_steps, switch in switches.items()
    ]


def vary_steps(prompt: str, config: SampleConfig) -> list[Variant]:
    """From a single step to many more than a glyph needs."""
    return [Variant(_steps(n), prompt, replace(config, num_inference_steps=n)) for n in NUM_STEPS]


def vary_guidance(prompt: str, config: SampleConfig) -> list[Variant]:
    """Guidance scales from none to too much.

    Raises:
        InputError: for an empty prompt.
    """
    if not prompt:
        raise InputError("nothing_to_guide", "Guidance pulls towards a definition; type one first.")
    return [Variant(f"guidance {g}", prompt, replace(config, guidance_scale=float(g))) for g in GUIDANCE_SCALES]


def vary_steps_and_guidance(prompt: str, config: SampleConfig) -> list[Variant]:
    """Number of steps and guidance scale as a table, row by row: more steps downwards, more guidance to the right.

    Raises:
        InputError: for an empty prompt.
    """
    if not prompt:
        raise InputError("nothing_to_guide", "Guidance pulls towards a definition; type one first.")
    return [
        Variant(f"{_steps(n)}, guidance {g}", prompt, replace(config, num_inference_steps=n, guidance_scale=float(g)))
        for n, g in product(*STEPS_BY_GUIDANCE)
    ]


def vary_pag(prompt: str, config: SampleConfig) -> list[Variant]:
    """Scales of perturbed-attention guidance, from none to too much.

    Raises:
        ValueError: if no step of the run lies within the interval in which it acts.
    """
    low, high = config.pag_interval
    if not any(low <= timestep <= high for timestep in spaced_timesteps(config.num_inference_steps, config.spacing)):
        raise InputError(
            "pag_never_acts", "In so few steps perturbed-attention guidance never acts; take three or more."
        )
    return [Variant(f"PAG {g:g}", prompt, replace(config, pag_scale=float(g))) for g in PAG_SCALES]


def vary_network(prompt: str, config: SampleConfig) -> list[Variant]:
    """The full network as configured, and the fast one."""
    networks = {"full": config, "fast": FAST_CONFIG}
    return [Variant(f"{name}, {_steps(c.num_inference_steps)}", prompt, c) for name, c in networks.items()]


def vary_sampler(prompt: str, config: SampleConfig) -> list[Variant]:
    """Every sampler."""
    return [Variant(SAMPLER_NAMES[name], prompt, replace(config, sampler=name)) for name in SAMPLERS]


def compare(pipeline: GlyffuserPipeline, variants: list[Variant], seed: int) -> Iterator[JointFrame]:
    """Denoise all variants from the noise of one seed.

    Args:
        pipeline: a loaded model.
        variants: in the order of the glyphs in a frame; neighbours with the same config share their model calls.
        seed: decides the noise, the fresh noise of stochastic samplers included.

    Raises:
        ValueError: as `GlyffuserPipeline.begin`.
    """
    return side_by_side(
        [pipeline.begin([v.prompt for v in batch], [seed] * len(batch), batch[0].config) for batch in batches(variants)]
    )


def batches(variants: list[Variant]) -> list[list[Variant]]:
    """Neighbouring variants with the same config, which share their model calls."""
    return [list(group) for _, group in groupby(variants, key=lambda variant: variant.config)]


def _steps(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"
