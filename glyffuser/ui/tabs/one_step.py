"""Tab 2: a single denoising step taken apart, with the prompt and without it, from the same noise."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from glyffuser.checks import MAX_TIMESTEP, in_range
from glyffuser.text import MAX_PROMPT_LENGTH
from glyffuser.ui.context import AppContext
from glyffuser.ui.finished import FinishedGlyph
from glyffuser.ui.notices import notice
from glyffuser.ui.one_step_figures import (
    error_curve,
    step_as_html,
    step_as_json,
    strips_as_html,
    words_as_html,
)
from glyffuser.ui.one_step_source import Model, SourceCheck
from glyffuser.ui.runs import MODEL_QUEUE, ON_MODEL, QUICK, apology
from glyffuser.ui.tabs.new_meaning import build_new_meaning
from glyffuser.ui.tabs.settings import rounded, whole_slider
from glyffuser.ui.text import say, sentence_of

MIDDLE = 500
"""A timestep at which a glyph is half drowned."""

STRIDES = [1, 10, 40, 100, 250]


@dataclass(frozen=True)
class OneStepTab:
    """Fields that other tabs fill to hand something over.

    Attributes:
        prompt: a definition.
        char: a character; "" for none.
        glyph: a generated `FinishedGlyph`, or None.
        timestep: 0 to 999.
    """

    prompt: gr.Textbox
    char: gr.Textbox
    glyph: gr.State
    timestep: gr.Slider

    def inputs(self) -> list[gr.components.Component]:
        """All of them."""
        return [self.prompt, self.char, self.glyph, self.timestep]


@dataclass(frozen=True)
class Fields:
    """What the visitor sets."""

    prompt: gr.Textbox
    seed: gr.Number
    char: gr.Textbox
    glyph: gr.State
    timestep: gr.Slider
    stride: gr.Radio

    def source(self) -> list[Any]:
        """What decides the glyph and the noise."""
        return [self.prompt, self.seed, self.char, self.glyph]


@dataclass(frozen=True)
class Answers:
    """Where the answers appear."""

    message: gr.HTML
    row: gr.HTML
    strips: gr.HTML
    curve: gr.Plot
    words_now: gr.HTML
    words_on_average: gr.HTML


def build_one_step_tab(page: gr.Blocks, tab: gr.Tab, context: AppContext) -> OneStepTab:
    """Lay out the tab and wire it to the model; the first step is taken when the tab is first opened.

    Args:
        page: the whole page.
        tab: where it stands.
        context: of the page.
    """
    model, check = Model(context), SourceCheck(context)
    fields, buttons, answers = _lay_out()
    _wire_step(tab, fields, answers, model, check)
    sweep = _wire_sweep(tab, fields, answers, model, check)
    _wire_buttons(fields, buttons, answers, context, sweep)
    build_new_meaning(page, context, check.new_meaning, fields.source()[1:])
    api = _api(model, check)
    gr.api(api, api_name="single_step", concurrency_id=MODEL_QUEUE, concurrency_limit=1)
    return OneStepTab(fields.prompt, fields.char, fields.glyph, fields.timestep)


def _lay_out() -> tuple[Fields, dict[str, gr.Button], Answers]:
    gr.Markdown(say("one_step.introduction"))
    with gr.Row():
        prompt = gr.Textbox("gold", label=say("one_step.prompt"), elem_id="step-prompt", min_width=200)
        char = gr.Textbox(
            "", label=say("one_step.character"), placeholder=say("one_step.pure_noise_value"),
            elem_id="step-character", min_width=120,
        )  # fmt: skip
        seed = gr.Number(0, label=say("one_step.seed"), precision=0, elem_id="step-seed", min_width=120)
    with gr.Row():
        buttons = {
            name: gr.Button(say(f"one_step.{name}"), elem_id=f"step-{name}", size="sm")
            for name in ("random", "definition", "noise")
        }
    timestep, stride = _lay_out_timestep()
    fields = Fields(prompt, seed, char, gr.State(None), timestep, stride)
    return fields, buttons, _lay_out_answers()


def _lay_out_timestep() -> tuple[gr.Slider, gr.Radio]:
    with gr.Row():
        timestep = whole_slider(
            0, MAX_TIMESTEP, MAX_TIMESTEP, label=say("one_step.timestep"), elem_id="step-timestep", scale=3,
            min_width=300, info=say("one_step.timestep_info"),
        )  # fmt: skip
        stride = gr.Radio(
            STRIDES, value=40, label=say("one_step.stride"), elem_id="step-stride", scale=2, min_width=300,
            info=say("one_step.stride_info"),
        )  # fmt: skip
    return timestep, stride


def _lay_out_answers() -> Answers:
    message = gr.HTML("", elem_id="step-message")
    row = gr.HTML("", elem_id="step-row")
    gr.Markdown(say("one_step.strips"))
    strips = gr.HTML("", elem_id="step-strips")
    gr.Markdown(say("one_step.errors"))
    curve = gr.Plot(label=say("one_step.curve"), elem_id="step-curve", visible=False)
    gr.Markdown(say("one_step.words"))
    words_now = gr.HTML("", elem_id="step-words")
    words_on_average = gr.HTML("", elem_id="step-words-average")
    return Answers(message, row, strips, curve, words_now, words_on_average)


def _wire_step(tab: gr.Tab, fields: Fields, answers: Answers, model: Model, check: SourceCheck) -> None:
    """One step, taken anew whenever something changes; while one drags, only the newest position counts."""

    def step_for_visitor(
        prompt: str, seed: float, char: str, glyph: FinishedGlyph | None, timestep: float, stride: int
    ) -> tuple:
        try:
            source = check(prompt, seed, char, glyph)
            timestep = in_range("timestep", rounded(timestep), 0, MAX_TIMESTEP)
        except ValueError as error:
            return gr.skip(), gr.skip(), notice(sentence_of(error), "error")
        try:
            step, attention = model.step(source, timestep, int(stride))
        except Exception as error:
            return gr.skip(), gr.skip(), apology(error)
        words = words_as_html(say("one_step.words_at", timestep=step.timestep), attention, step.with_prompt.pred_x_0)
        handed_over = glyph is not None and source.char is None
        return step_as_html(step), words, notice(say("one_step.handed_over") if handed_over else "")

    source, where = fields.source(), [fields.timestep, fields.stride]
    gr.on(
        [tab.select, *(part.change for part in [*source, *where])],
        step_for_visitor,
        [*source, *where],
        [answers.row, answers.words_now, answers.message],
        **_newest_on_model(answers.message),
    )


def _wire_sweep(tab: gr.Tab, fields: Fields, answers: Answers, model: Model, check: SourceCheck) -> dict:
    """A sweep over the timesteps, which takes seconds: not at every letter that is typed.

    Returns:
        Arguments of the event, for whatever else starts it.
    """
    swept = gr.State(None)  # the source that strips, curve and words show; leaving a field need not mean a change

    def sweep_for_visitor(shown: tuple | None, *asked: Any) -> tuple:
        if asked == shown:
            return (gr.skip(),) * 4
        try:
            source = check(*asked)
        except ValueError:
            return (gr.skip(),) * 4  # the step's own event says what is wrong
        if source.x_0 is None:
            return notice(say("one_step.needs_character")), gr.Plot(visible=False), "", asked
        try:
            steps, attention = model.sweep(source)
        except Exception as error:
            return apology(error), gr.skip(), gr.skip(), None
        words = words_as_html(say("one_step.words_average"), attention, source.x_0)
        return strips_as_html(steps), gr.Plot(error_curve(steps), visible=True), words, asked

    event = {
        "fn": sweep_for_visitor,
        "inputs": [swept, *fields.source()],
        "outputs": [answers.strips, answers.curve, answers.words_on_average, swept],
        **_newest_on_model(answers.message),
    }
    f = fields
    rests = [tab.select, f.prompt.submit, f.prompt.blur, f.seed.submit, f.seed.blur, f.char.change, f.glyph.change]
    gr.on(rests, **event)
    return event


def _newest_on_model(message: gr.HTML) -> dict:
    return ON_MODEL | {"trigger_mode": "always_last", "show_progress_on": message}


def _wire_buttons(
    fields: Fields, buttons: dict[str, gr.Button], answers: Answers, context: AppContext, sweep: dict
) -> None:
    """Random character, its own definition, pure noise."""
    by_char = {character.char: character for character in context.characters}

    def draw_character() -> tuple:
        character = random.choice(context.characters)
        return character.char, character.definition[:MAX_PROMPT_LENGTH], None

    def definition_of(char: str) -> tuple:
        character = by_char.get((char or "").strip())
        if character is None:
            return gr.skip(), notice(say("one_step.no_definition"), "error")
        return character.definition[:MAX_PROMPT_LENGTH], ""

    f = fields
    f.char.change(lambda char, glyph: None if char else glyph, [f.char, f.glyph], f.glyph, **QUICK)
    drawn = buttons["random"].click(draw_character, None, [f.char, f.prompt, f.glyph], **QUICK)
    drawn.then(lambda: MIDDLE, None, f.timestep, **QUICK)
    defined = buttons["definition"].click(definition_of, f.char, [f.prompt, answers.message], **QUICK)
    defined.then(**sweep)
    buttons["noise"].click(lambda: ("", None, MAX_TIMESTEP), None, [f.char, f.glyph, f.timestep], **QUICK)


def _api(model: Model, check: SourceCheck) -> Callable:
    """The endpoint for programs; its signature and docstring are what the API page shows."""

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
            timestep, stride = in_range("timestep", timestep, 0, MAX_TIMESTEP), in_range("stride", stride, 1, 1000)
        except ValueError as error:
            raise gr.Error(sentence_of(error), print_exception=False) from error
        return step_as_json(model.step(source, timestep, stride)[0])

    return single_step
