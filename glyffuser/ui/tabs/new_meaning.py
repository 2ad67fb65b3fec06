"""In tab 2: a real glyph is noised to several depths and denoised under another definition."""

from collections.abc import Callable, Iterator

import gradio as gr
import torch

from glyffuser.config import SampleConfig
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.new_meaning import ink_survival, redraw
from glyffuser.sample import settings_of
from glyffuser.ui.components.frame_player import build_frame_player
from glyffuser.ui.streaming import stream_joint_frames
from glyffuser.ui.notices import notice
from glyffuser.ui.runs import ON_MODEL, QUICK, STOPPED, Runs, apology, order_number

START_TIMESTEPS = [879, 679, 479, 279]
"""Where a run of 25 steps, the default, passes by."""
SHARED_BY_CHANCE = 0.45
"""Share of a real glyph's ink that is ink in another one, too, on average."""

EXPLANATION = """
### New meaning
Noise the character to four depths, then denoise each of them under **another** definition
([Meng et al. 2022](https://arxiv.org/abs/2108.01073)). Deep down the old strokes are forgotten and the new meaning
draws freely; near the surface the old glyph wins.
"""


def build_new_meaning(
    pipeline: GlyffuserPipeline,
    check: Callable,
    source: list[gr.components.Component],
    on_gpu: Callable,
) -> None:
    """Lay out the section and wire it to the model.

    Args:
        pipeline: a loaded model.
        check: (prompt, seed, character, picture) -> an object with prompt, seed and x_0, or ValueError.
        source: fields of seed, character and picture.
        on_gpu: seconds -> a decorator for the function that runs the model that long at most.
    """

    @on_gpu(20)
    def run_redraw(prompt: str, seed: int, x_0: torch.Tensor, char: str | None) -> Iterator[dict]:
        yield from redraw_frames(pipeline, prompt, seed, x_0, char)

    runs = Runs()

    def answers(prompt, seed, char, picture) -> Iterator[tuple]:
        try:
            source = check(prompt, seed, char, picture)
            if source.x_0 is None:
                raise ValueError("New meaning needs a character to begin with; type one above.")
        except ValueError as error:
            yield STOPPED, notice(str(error), "error")  # the former run ended when this one was ordered
            return
        try:
            for frame in run_redraw(source.prompt, source.seed, source.x_0, (char or "").strip() or None):
                yield frame, ""
        except Exception as error:
            yield STOPPED, apology(error)

    def redraw_for_visitor(number, prompt, seed, char, picture, visitor: gr.Request):
        yield from runs.while_current(visitor.session_hash, number, answers(prompt, seed, char, picture))

    gr.Markdown(EXPLANATION)
    with gr.Row():
        prompt = gr.Textbox("bird", label="New definition", elem_id="redraw-prompt", scale=3, min_width=200)
        start = gr.Button("Give it a new meaning", variant="primary", elem_id="redraw", scale=1, min_width=200)
        stop = gr.Button("Stop", elem_id="redraw-stop", scale=1, min_width=100)
    message = gr.HTML("", elem_id="redraw-message")
    player = build_frame_player(
        view="pred_x_0", idle="Here the character comes back, changed.", elem_id="redraw-player"
    )
    number = order_number()
    run = gr.on([start.click, prompt.submit], runs.order_for_visitor, None, number, **QUICK).then(
        redraw_for_visitor, [number, prompt, *source], [player, message], show_progress_on=message, **ON_MODEL
    )
    stop.click(runs.stop_for_visitor, None, [player, message], cancels=[run], **QUICK)


def redraw_frames(
    pipeline: GlyffuserPipeline, prompt: str, seed: int, x_0: torch.Tensor, char: str | None
) -> Iterator[dict]:
    """The redrawings as the player takes them; the last one's note says how much ink survived.

    Args:
        pipeline: a loaded model.
        prompt: the new definition.
        seed: decides the noise.
        x_0: float32 (1, 1, 128, 128) in [-1, 1].
        char: the character that `x_0` shows, None for a generated glyph; kept in the pictures.
    """
    config = SampleConfig()
    settings = settings_of(prompt, [seed], config) | {"character": char}
    return stream_joint_frames(
        redraw(pipeline, prompt, seed, x_0, START_TIMESTEPS, config),
        names=[f"from timestep {start}" for start in START_TIMESTEPS],
        settings=[
            settings | {"start_timesteps": s} for s in (START_TIMESTEPS, *([start] for start in START_TIMESTEPS))
        ],
        label=prompt,
        beginning="The start: the character under noise, four depths of it.",
        file_names=["new-meaning.png", *(f"new-meaning-from-{start}.png" for start in START_TIMESTEPS)],
        note=lambda redrawn: survival_sentence(ink_survival(x_0, redrawn).tolist()),
    )


def survival_sentence(shares: list[float]) -> str:
    """How much of the old ink survived from each depth, in a sentence."""
    parts = [f"{share:.0%} from {start}" for share, start in zip(shares, START_TIMESTEPS, strict=True)]
    return f"Of the old ink there is left: {', '.join(parts)}. Any two characters share about {SHARED_BY_CHANCE:.0%}."
