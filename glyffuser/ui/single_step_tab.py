"""Tab 2: a single denoising step, with the prompt and without it, from the same noise."""

from collections.abc import Callable

import gradio as gr
import numpy as np

from glyffuser.config import MAX_SEED
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import uint8_to_x_0, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.single_step import SingleStep, take_step
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.generate_tab import MODEL_QUEUE
from glyffuser.ui.notices import notice

INTRODUCTION = """
Generating is the same small step taken over and over: the network looks at a noisy picture and says which part of it is
noise. Here is one such step. Leave the character empty to show it **pure noise**, where only the definition can tell it
anything, or type a real character and choose how deep it is buried.
"""


def build_single_step_tab(tab: gr.Tab, pipeline: GlyffuserPipeline, renderer: GlyphRenderer, on_gpu: Callable) -> None:
    """Lay out the tab and wire it to the model; the first step is taken when the tab is first opened.

    Args:
        tab: where it stands.
        pipeline: a loaded model.
        renderer: draws real characters.
        on_gpu: decorates the functions that run the model (`spaces.GPU` on ZeroGPU).
    """

    @on_gpu
    def run_step(prompt: str, seed: int, timestep: int, character: str) -> str:
        x_0 = uint8_to_x_0(np.asarray(renderer.render(character)))[None] if character else None
        return _row(take_step(pipeline, prompt, seed, timestep, x_0))

    def step_for_visitor(prompt, seed, timestep, character):
        try:
            if seed is None or not 0 <= seed <= MAX_SEED:
                raise ValueError(f"The seed must be a whole number from 0 to {MAX_SEED}.")
            return run_step(prompt or "", int(seed), int(timestep), (character or "").strip()), ""
        except ValueError as error:
            return gr.skip(), notice(str(error), "error")

    gr.Markdown(INTRODUCTION)
    with gr.Row():
        prompt = gr.Textbox("gold", label="Definition", elem_id="step-prompt", min_width=200)
        character = gr.Textbox("", label="Character", placeholder="pure noise", elem_id="step-character", min_width=120)
        seed = gr.Number(0, label="Seed", precision=0, elem_id="step-seed", min_width=120)
    timestep = gr.Slider(
        0, 999, 999, step=1, label="Timestep", elem_id="step-timestep",
        info="999 is pure noise, 0 is a clean glyph.",
    )  # fmt: skip
    message = gr.HTML("", elem_id="step-message")
    row = gr.HTML("", elem_id="step-row")
    inputs, outputs = [prompt, seed, timestep, character], [row, message]
    gr.on(
        [tab.select, prompt.change, seed.change, timestep.change, character.change],
        step_for_visitor,
        inputs,
        outputs,
        trigger_mode="always_last",
        concurrency_id=MODEL_QUEUE,
        concurrency_limit=1,
        show_progress="minimal",
        show_progress_on=message,
        api_visibility="private",
    )


def _row(step: SingleStep) -> str:
    shown = [
        (step.prior, "Prior", "What the words alone suggest."),
        (step.x_0, "Clean glyph x₀", "What is hidden in the noise."),
        (step.noise, "Noise", "Drawn from the seed."),
        (step.x_t, "Noisy glyph xₜ", f"What the network sees: log-SNR {step.log_snr:.1f}."),
        (step.without_prompt.pred_x_0, "Guess without prompt", "The glyph it sees behind the noise, told nothing."),
        (step.with_prompt.pred_x_0, "Guess with prompt", "The same noise, told the definition."),
        (step.difference, "Difference", "What the definition adds: dark is ink, light is paper."),
    ]
    return figures([figure(x_0_to_uint8(x)[0], title, caption) for x, title, caption in shown if x is not None])
