"""What the One step tab begins with, checked, and the model that takes the step."""

import reprlib
from dataclasses import dataclass

import numpy as np
import torch

from glyffuser.attention import WordAttention, record_attention
from glyffuser.checks import in_range
from glyffuser.config import MAX_SEED
from glyffuser.images import uint8_to_x_0
from glyffuser.one_step import OneStep, take_step, take_steps
from glyffuser.text import clean_prompt
from glyffuser.ui.context import AppContext
from glyffuser.ui.finished import FinishedGlyph
from glyffuser.ui.one_step_figures import STRIP_TIMESTEPS
from glyffuser.ui.tabs.new_meaning import NewMeaning
from glyffuser.ui.text import say

CURVE_TIMESTEPS = sorted({*STRIP_TIMESTEPS, *range(0, 1000, 50), 10, 25})


@dataclass(frozen=True)
class StepSource:
    """What one step begins with, checked.

    Attributes:
        prompt: cleaned.
        seed: decides the noise.
        pixels: uint8 (128, 128), the glyph that is noised; None for pure noise.
        char: the character that it shows; None for a generated glyph.
    """

    prompt: str
    seed: int
    pixels: np.ndarray | None
    char: str | None

    @property
    def x_0(self) -> torch.Tensor | None:
        """The glyph, float32 (1, 1, 128, 128) in [-1, 1]."""
        return None if self.pixels is None else uint8_to_x_0(self.pixels)[None]


class Model:
    """One step and a sweep over the timesteps, on the GPU where there is one to be requested."""

    def __init__(self, context: AppContext) -> None:
        """
        Args:
            context: of the page.
        """
        pipeline = context.pipeline

        @context.on_gpu(5)
        def step(source: StepSource, timestep: int, stride: int) -> tuple[OneStep, WordAttention]:
            taken = take_step(pipeline, source.prompt, source.seed, timestep, source.x_0, stride)
            return taken, record_attention(pipeline, source.prompt, taken.x_t, [timestep])

        @context.on_gpu(10)
        def sweep(source: StepSource) -> tuple[list[OneStep], WordAttention]:
            steps = take_steps(pipeline, source.prompt, source.seed, CURVE_TIMESTEPS, source.x_0)
            shown = [step for step in steps if step.timestep in STRIP_TIMESTEPS]
            timesteps = [step.timestep for step in shown]
            return steps, record_attention(pipeline, source.prompt, torch.cat([step.x_t for step in shown]), timesteps)

        self.step, self.sweep = step, sweep


class SourceCheck:
    """Checks what a visitor or a program sent."""

    def __init__(self, context: AppContext) -> None:
        """
        Args:
            context: of the page.
        """
        self._renderer = context.renderer
        self.by_char = {character.char: character for character in context.characters}

    def __call__(self, prompt: str, seed: float | None, char: str, glyph: FinishedGlyph | None = None) -> StepSource:
        """The source, or ValueError with one sentence that a visitor can act on."""
        prompt, seed = clean_prompt(prompt or ""), in_range("the_seed", seed, 0, MAX_SEED)
        if not isinstance(char or "", str):
            raise ValueError(say("one_step.character_no_text", value=reprlib.repr(char)))
        char = (char or "").strip()
        if not char:
            return StepSource(prompt, seed, glyph.pixels if glyph else None, None)
        if char not in self.by_char:
            raise ValueError(say("one_step.no_such_character", value=repr(char[:20]), count=f"{len(self.by_char):,}"))
        self._renderer.check_all([char])  # a placeholder is nothing to take apart
        return StepSource(prompt, seed, np.asarray(self._renderer.render(char)), char)

    def new_meaning(self, prompt: str, seed: float | None, char: str, glyph: FinishedGlyph | None) -> NewMeaning:
        """A request for a new meaning of the same glyph; errors as of a call."""
        source = self(prompt, seed, char, glyph)
        if source.pixels is None:
            raise ValueError(say("new_meaning.needs_character"))
        return NewMeaning(source.prompt, source.seed, source.pixels, source.char)
