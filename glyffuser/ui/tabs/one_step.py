"""Tab 2: a single denoising step taken apart, with the prompt and without it, from the same noise."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
import numpy as np
import torch

from glyffuser.attention import AttentionRecorder, WordAttention
from glyffuser.config import MAX_SEED
from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import decode_glyph, uint8_to_x_0
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.one_step import SingleStep, take_step, take_steps
from glyffuser.text import MAX_PROMPT_LENGTH, clean_prompt
from glyffuser.ui.components.frame_player import from_data_url
from glyffuser.ui.generation import in_range
from glyffuser.ui.tabs.new_meaning import build_new_meaning
from glyffuser.ui.notices import notice
from glyffuser.ui.runs import MODEL_QUEUE, ON_MODEL, QUICK, apology
from glyffuser.ui.step_figures import (
    STRIP_TIMESTEPS,
    error_curve,
    step_as_html,
    step_as_json,
    strips_as_html,
    words_as_html,
)

MIDDLE = 500
"""A timestep at which a glyph is half drowned."""

STRIDES = [1, 10, 40, 100, 250]
CURVE_TIMESTEPS = sorted({*STRIP_TIMESTEPS, *range(0, 1000, 50), 10, 25})
INTRODUCTION = """
Generating is the same small step taken over and over: the network looks at a noisy picture and says which part of it is
noise. (To be exact it names *v*, a mixture of noise and glyph in shares that the timestep sets, which gives both:
[Salimans & Ho 2022](https://arxiv.org/abs/2202.00512).) Here is one such step. Leave the character empty to show it
**pure noise**, where only the definition can tell it anything, or type a real character and choose how deep it is
buried.

Below are the network's two plain answers, without the definition and with it. While noise is strong, Generate goes on
in the direction *from* the one *to* the other (guidance); around the middle it also keeps away from what the network
would say if no place of the glyph saw any other
([perturbed-attention guidance](https://arxiv.org/abs/2403.17377)). Its usual sampler remembers the step before and adds
fresh noise.
"""
WHERE_WORDS_GO = """
### Where did each word go?
At every place of the glyph the network asks which token, a word or a piece of one, to listen to (cross-attention). The
redder, the more this place listens to it, each token on a scale of its own; the figure is its share of all attention.
[CLS] and [SEP] mark the prompt's beginning and end, and take what no word wants. That is often nearly everything: the
network is also told the whole sentence in two other ways, as a vector and as the blurry guess.
"""
ERRORS = """
How wrong the two predictions are (lower is better). Near 999 nearly everything is noise, so the *noise* is easy to name
while the *glyph* is only guessed; near 0 it is the other way round.
"""
HANDED_OVER = "This is the glyph you picked in Generate. Type a character, or press Pure noise, to leave it."
NEEDS_CHARACTER = "Type a character, or draw one at random, to see it sink into the noise and come out again."


@dataclass(frozen=True)
class Source:
    """What the visitor asked for, checked."""

    prompt: str
    seed: int
    x_0: torch.Tensor | None


def build_single_step_tab(
    tab: gr.Tab,
    pipeline: GlyffuserPipeline,
    characters: list[Character],
    renderer: GlyphRenderer,
    on_gpu: Callable,
) -> list[gr.components.Component]:
    """Lay out the tab and wire it to the model; the first step is taken when the tab is first opened.

    Args:
        tab: where it stands.
        pipeline: a loaded model.
        characters: those that can be drawn at random.
        renderer: draws real characters.
        on_gpu: seconds -> a decorator for the functions that run the model that long at most.

    Returns:
        What another tab sets to hand something over: prompt, character, picture (a data URL or None) and timestep.
    """
    recorder = AttentionRecorder(pipeline)
    by_char = {character.char: character for character in characters}

    def check(prompt: str, seed: float | None, char: str, picture: str | None = None) -> Source:
        prompt, seed = clean_prompt(prompt or ""), in_range("The seed", seed, 0, MAX_SEED)
        if not isinstance(char or "", str):
            raise ValueError(f"The character must be text; got {char!r}.")
        char, x_0 = (char or "").strip(), None
        if char:
            if char not in by_char:
                raise ValueError(
                    f"{char[:20]!r} is not one of the {len(by_char):,} characters here; type one of those."
                )
            x_0 = uint8_to_x_0(np.asarray(renderer.render(char)))[None]
        elif picture:
            x_0 = uint8_to_x_0(decode_glyph(from_data_url(picture)))[None]
        return Source(prompt, seed, x_0)

    @on_gpu(5)
    def run_step(source: Source, timestep: int, stride: int) -> tuple[SingleStep, WordAttention]:
        step = take_step(pipeline, source.prompt, source.seed, timestep, source.x_0, stride)
        return step, recorder.look(source.prompt, step.x_t, [timestep])

    @on_gpu(10)
    def run_steps(source: Source) -> tuple[list[SingleStep], WordAttention]:
        steps = take_steps(pipeline, source.prompt, source.seed, CURVE_TIMESTEPS, source.x_0)
        shown = [step for step in steps if step.timestep in STRIP_TIMESTEPS]
        timesteps = [step.timestep for step in shown]
        return steps, recorder.look(source.prompt, torch.cat([step.x_t for step in shown]), timesteps)

    def step_for_visitor(prompt, seed, char, picture, timestep, stride):
        try:
            source = check(prompt, seed, char, picture)
        except ValueError as error:
            return gr.skip(), gr.skip(), notice(str(error), "error")
        try:
            step, attention = run_step(source, int(timestep), int(stride))
        except Exception as error:
            return gr.skip(), gr.skip(), apology(error)
        words = words_as_html(f"At timestep {step.timestep}", attention, step.with_prompt.pred_x_0)
        return step_as_html(step), words, notice(HANDED_OVER if picture and not (char or "").strip() else "")

    def steps_for_visitor(shown, *asked):
        """Strips, curve and words; `shown` is what they show already, since leaving a field need not mean a change."""
        if asked == shown:
            return (gr.skip(),) * 4
        try:
            source = check(*asked)
        except ValueError:
            return (gr.skip(),) * 4  # the step's own event says what is wrong
        if source.x_0 is None:
            return notice(NEEDS_CHARACTER), gr.Plot(visible=False), "", asked
        try:
            steps, attention = run_steps(source)
        except Exception as error:
            return apology(error), gr.skip(), gr.skip(), None
        words = words_as_html("Averaged over the timesteps above", attention, source.x_0)
        return strips_as_html(steps), gr.Plot(error_curve(steps), visible=True), words, asked

    def draw_character():
        character = random.choice(characters)
        return character.char, character.definition[:MAX_PROMPT_LENGTH], None

    def definition_of(char):
        character = by_char.get((char or "").strip())
        if character is None:
            return gr.skip(), notice("There is no definition for this; type a single Chinese character.", "error")
        return character.definition[:MAX_PROMPT_LENGTH], ""

    gr.Markdown(INTRODUCTION)
    with gr.Row():
        prompt = gr.Textbox("gold", label="Definition", elem_id="step-prompt", min_width=200)
        char = gr.Textbox("", label="Character", placeholder="pure noise", elem_id="step-character", min_width=120)
        seed = gr.Number(0, label="Seed", precision=0, elem_id="step-seed", min_width=120)
    with gr.Row():
        at_random = gr.Button("Random character", elem_id="step-random", size="sm")
        its_definition = gr.Button("Use its own definition", elem_id="step-definition", size="sm")
        pure_noise = gr.Button("Pure noise", elem_id="step-noise", size="sm")
    with gr.Row():
        timestep = gr.Slider(
            0, 999, 999, step=1, label="Timestep", elem_id="step-timestep", scale=3, min_width=300,
            info="999 is all but pure noise, 0 all but clean. Without a character it is only what the network is told.",
        )  # fmt: skip
        stride = gr.Radio(
            STRIDES, value=40, label="Stride", elem_id="step-stride", scale=2, min_width=300,
            info="How many timesteps the step goes back.",
        )  # fmt: skip
    message = gr.HTML("", elem_id="step-message")
    row = gr.HTML("", elem_id="step-row")
    gr.Markdown(
        "### From noise to glyph\nThe same glyph under less and less of the same noise, and what is seen behind it."
    )
    strips = gr.HTML("", elem_id="step-strips")
    gr.Markdown(ERRORS)
    curve = gr.Plot(label="Errors of both predictions", elem_id="step-curve", visible=False)
    gr.Markdown(WHERE_WORDS_GO)
    words_now = gr.HTML("", elem_id="step-words")
    words_on_average = gr.HTML("", elem_id="step-words-average")

    # while one drags, only the newest position counts
    on_model = ON_MODEL | {"trigger_mode": "always_last", "show_progress_on": message}
    picture = gr.State(None)  # of a glyph handed over from Generate
    shown = gr.State(None)  # of which source strips, curve and words are
    source = [prompt, seed, char, picture]
    gr.on(
        [tab.select, *(part.change for part in source), timestep.change, stride.change],
        step_for_visitor,
        [*source, timestep, stride],
        [row, words_now, message],
        **on_model,
    )
    # a sweep over the timesteps takes seconds: not at every letter that is typed
    steps = {"fn": steps_for_visitor, "inputs": [shown, *source], "outputs": [strips, curve, words_on_average, shown]}
    rests = [tab.select, prompt.submit, prompt.blur, seed.submit, seed.blur, char.change, picture.change]
    gr.on(rests, **steps, **on_model)
    char.change(lambda char, picture: None if char else picture, [char, picture], picture, **QUICK)
    at_random.click(draw_character, None, [char, prompt, picture], **QUICK).then(
        lambda: MIDDLE, None, timestep, **QUICK
    )
    its_definition.click(definition_of, char, [prompt, message], **QUICK).then(**steps, **on_model)
    pure_noise.click(lambda: ("", None, 999), None, [char, picture, timestep], **QUICK)

    build_new_meaning(pipeline, check, source[1:], on_gpu)

    def single_step(prompt: str, timestep: int = 999, character: str = "", seed: int = 0, stride: int = 40) -> dict:
        """Take one denoising step apart.

        Args:
            prompt: an English definition, at most 200 characters.
            timestep: 0 (clean) to 999 (noise).
            character: the glyph that is noised; "" shows the network pure noise.
            seed: decides the noise.
            stride: how many timesteps the step goes back, 1 to 1000.

        Returns:
            log_snr; the pictures x_0 (or null), noise, x_t, prior and difference as PNG data URLs; and for with_prompt
            and without_prompt: noise_error, x_0_error (or null) and the pictures eps, pred_x_0, ddim and ddpm.
        """
        try:
            source = check(prompt, seed, character)
            timestep, stride = in_range("Timestep", timestep, 0, 999), in_range("Stride", stride, 1, 1000)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return step_as_json(run_step(source, timestep, stride)[0])

    gr.api(single_step, api_name="single_step", concurrency_id=MODEL_QUEUE, concurrency_limit=1)
    return [prompt, char, picture, timestep]
