"""Tab 2: a single denoising step taken apart, with the prompt and without it, from the same noise."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
import numpy as np
import plotly.graph_objects as go
import torch

from glyffuser.config import MAX_SEED
from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import encode_png, signed_to_rgb, uint8_to_x_0, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.single_step import Prediction, SingleStep, take_step, take_steps
from glyffuser.text import MAX_PROMPT_LENGTH
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.frame_player import data_url
from glyffuser.ui.generate_tab import MODEL_QUEUE, QUICK
from glyffuser.ui.notices import notice

STRIDES = [1, 10, 40, 100, 250]
STRIP_TIMESTEPS = [999, 900, 750, 600, 450, 300, 150, 50]
CURVE_TIMESTEPS = sorted({*STRIP_TIMESTEPS, *range(0, 1000, 50), 10, 25})
INTRODUCTION = """
Generating is the same small step taken over and over: the network looks at a noisy picture and says which part of it is
noise. Here is one such step. Leave the character empty to show it **pure noise**, where only the definition can tell it
anything, or type a real character and choose how deep it is buried.
"""
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
) -> None:
    """Lay out the tab and wire it to the model; the first step is taken when the tab is first opened.

    Args:
        tab: where it stands.
        pipeline: a loaded model.
        characters: those that can be drawn at random.
        renderer: draws real characters.
        on_gpu: decorates the functions that run the model (`spaces.GPU` on ZeroGPU).
    """
    by_char = {character.char: character for character in characters}

    def check(prompt: str, seed: float | None, char: str) -> Source:
        if seed is None or not 0 <= seed <= MAX_SEED:
            raise ValueError(f"The seed must be a whole number from 0 to {MAX_SEED}.")
        char = (char or "").strip()
        x_0 = uint8_to_x_0(np.asarray(renderer.render(char)))[None] if char else None
        return Source(prompt or "", int(seed), x_0)

    @on_gpu
    def run_step(source: Source, timestep: int, stride: int) -> SingleStep:
        return take_step(pipeline, source.prompt, source.seed, timestep, source.x_0, stride)

    @on_gpu
    def run_steps(source: Source) -> list[SingleStep]:
        return take_steps(pipeline, source.prompt, source.seed, CURVE_TIMESTEPS, source.x_0)

    def step_for_visitor(prompt, seed, char, timestep, stride):
        try:
            return step_as_html(run_step(check(prompt, seed, char), int(timestep), int(stride))), ""
        except ValueError as error:
            return gr.skip(), notice(str(error), "error")

    def steps_for_visitor(prompt, seed, char):
        try:
            source = check(prompt, seed, char)
            if source.x_0 is None:
                return notice(NEEDS_CHARACTER), gr.Plot(visible=False)
            steps = run_steps(source)
        except ValueError:
            return gr.skip(), gr.skip()  # the step's own event says what is wrong
        return strips_as_html(steps), gr.Plot(error_curve(steps), visible=True)

    def draw_character():
        character = random.choice(characters)
        return character.char, character.definition[:MAX_PROMPT_LENGTH]

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
            info="999 is pure noise, 0 is a clean glyph.",
        )  # fmt: skip
        stride = gr.Radio(
            STRIDES, value=40, label="Stride", elem_id="step-stride", scale=2, min_width=300,
            info="How many timesteps the step goes back.",
        )  # fmt: skip
    message = gr.HTML("", elem_id="step-message")
    row = gr.HTML("", elem_id="step-row")
    gr.Markdown(
        "### From noise to glyph\nThe same glyph in the same noise, ever less of it, and what is seen behind it."
    )
    strips = gr.HTML("", elem_id="step-strips")
    curve = gr.Plot(label="How well the noise is told from the glyph", elem_id="step-curve", visible=False)

    on_model = {
        "trigger_mode": "always_last",  # while one drags, only the newest position counts
        "concurrency_id": MODEL_QUEUE,
        "concurrency_limit": 1,
        "show_progress": "minimal",
        "show_progress_on": message,
        "api_visibility": "private",
    }
    source = [prompt, seed, char]
    changes = [tab.select, prompt.change, seed.change, char.change]
    gr.on(
        [*changes, timestep.change, stride.change],
        step_for_visitor,
        [*source, timestep, stride],
        [row, message],
        **on_model,
    )
    gr.on(changes, steps_for_visitor, source, [strips, curve], **on_model)
    at_random.click(draw_character, None, [char, prompt], **QUICK).then(lambda: 500, None, timestep, **QUICK)
    its_definition.click(definition_of, char, [prompt, message], **QUICK)
    pure_noise.click(lambda: ("", 999), None, [char, timestep], **QUICK)

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
            return step_as_json(run_step(check(prompt, seed, character), timestep, stride))
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error

    gr.api(single_step, api_name="single_step", concurrency_id=MODEL_QUEUE, concurrency_limit=1)


def step_as_html(step: SingleStep) -> str:
    """All pictures and numbers of one step, each with what it shows."""
    given = [
        _figure(step.prior, "Prior", "What the words alone suggest."),
        *([_figure(step.x_0, "Clean glyph x₀", "What is hidden in the noise.")] if step.x_0 is not None else []),
        _figure(step.noise, "Noise", "Drawn from the seed."),
        _figure(step.x_t, "Noisy glyph xₜ", f"What the network is shown: log-SNR {step.log_snr:.1f}."),
    ]
    difference = figure(
        signed_to_rgb(step.difference)[0],
        "Difference",
        "What the definition changes in the guess: red is more ink, blue is more paper.",
    )
    return (
        f"<h3>What goes in</h3>{figures(given)}"
        f"<h3>What comes out, without the prompt</h3>{figures(_answer(step, step.without_prompt))}"
        f"<h3>What comes out, with the prompt</h3>{figures([*_answer(step, step.with_prompt), difference])}"
    )


def _answer(step: SingleStep, answer: Prediction) -> list[str]:
    to = max(step.timestep - step.stride, 0)
    error = "" if answer.x_0_error is None else f" Error {answer.x_0_error:.2g}."
    return [
        _figure(answer.eps, "Predicted noise", f"The noise it sees. Error {answer.noise_error:.2g}."),
        _figure(answer.pred_x_0, "Predicted glyph", f"What it sees behind the noise.{error}"),
        _figure(answer.ddim, f"Step to {to}, DDIM", "Part of the noise taken away, nothing added."),
        _figure(answer.ddpm, f"Step to {to}, DDPM", "More taken away, fresh noise added."),
    ]


def strips_as_html(steps: list[SingleStep]) -> str:
    """Three rows over timesteps: the noised glyph, and the guess without and with the prompt."""
    shown = sorted((step for step in steps if step.timestep in STRIP_TIMESTEPS), key=lambda step: -step.timestep)
    rows = [
        ("Noisy glyph", [step.x_t for step in shown]),
        ("Guess without the prompt", [step.without_prompt.pred_x_0 for step in shown]),
        ("Guess with the prompt", [step.with_prompt.pred_x_0 for step in shown]),
    ]
    return "".join(
        f'<h4>{title}</h4><div class="glyff-strip">'
        + "".join(
            figure(x_0_to_uint8(x)[0], f"{title} at {step.timestep}", "", heading=str(step.timestep))
            for x, step in zip(pictures, shown, strict=True)
        )
        + "</div>"
        for title, pictures in rows
    )


def error_curve(steps: list[SingleStep]) -> go.Figure:
    """Noise error against timestep, with and without the prompt."""
    timesteps = [step.timestep for step in steps]
    plot = go.Figure(
        [
            go.Scatter(x=timesteps, y=[s.without_prompt.noise_error for s in steps], name="without prompt"),
            go.Scatter(x=timesteps, y=[s.with_prompt.noise_error for s in steps], name="with prompt"),
        ]
    )
    plot.data[0].line.color, plot.data[1].line.color = "#8d8373", "#c63f31"
    plot.update_layout(
        xaxis_title="timestep",
        yaxis_title="mean squared error of the predicted noise",
        yaxis_type="log",
        height=320,
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.1},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color="#8d8373",
    )
    return plot


def step_as_json(step: SingleStep) -> dict:
    """The same for programs."""

    def picture(x: torch.Tensor | None) -> str | None:
        return None if x is None else data_url(encode_png(x_0_to_uint8(x)[0]), "image/png")

    def answer(prediction: Prediction) -> dict:
        pictures = {name: picture(getattr(prediction, name)) for name in ("eps", "pred_x_0", "ddim", "ddpm")}
        return pictures | {"noise_error": prediction.noise_error, "x_0_error": prediction.x_0_error}

    return {
        "timestep": step.timestep,
        "stride": step.stride,
        "log_snr": step.log_snr,
        **{name: picture(getattr(step, name)) for name in ("x_0", "noise", "x_t", "prior")},
        "difference": data_url(encode_png(signed_to_rgb(step.difference)[0]), "image/png"),
        "with_prompt": answer(step.with_prompt),
        "without_prompt": answer(step.without_prompt),
    }


def _figure(x: torch.Tensor, title: str, caption: str) -> str:
    return figure(x_0_to_uint8(x)[0], title, caption)
