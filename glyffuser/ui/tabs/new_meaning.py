"""The section "New meaning" in One step: a glyph is noised to several depths and denoised under another definition."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import gradio as gr
import numpy as np
import torch

from glyffuser.config import SampleConfig
from glyffuser.images import grid_columns, uint8_to_x_0
from glyffuser.new_meaning import give_new_meaning, ink_survival
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.request import Request
from glyffuser.spacing import spaced_timesteps
from glyffuser.ui.components.frame_player import build_frame_player
from glyffuser.ui.components.waiting import build_waiting
from glyffuser.ui.context import AppContext
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.runs import RunEvents, RunWiring, answer
from glyffuser.ui.streaming import Observers, PixelFrame, RunCard, joint_to_pixels, stream_messages
from glyffuser.ui.text import say

_TIMESTEPS = spaced_timesteps(SampleConfig().num_inference_steps, SampleConfig().spacing)

START_TIMESTEPS = [min(_TIMESTEPS, key=lambda timestep: abs(timestep - depth)) for depth in (880, 680, 480, 280)]
"""Timesteps that a run with the defaults passes."""

WORK = sum(timestep <= start for timestep in _TIMESTEPS for start in START_TIMESTEPS)
"""Glyphs times steps of a run."""

SHARED_BY_CHANCE = 0.45
"""Share of a real glyph's ink that is ink in another one, too, on average."""


@dataclass(frozen=True)
class NewMeaning:
    """A checked request for a new meaning.

    Attributes:
        prompt: the new definition.
        seed: decides the noise.
        pixels: uint8 (128, 128), the glyph.
        char: the character that it shows; None for a generated glyph.
    """

    prompt: str
    seed: int
    pixels: np.ndarray
    char: str | None

    @property
    def x_0(self) -> torch.Tensor:
        """The glyph, float32 (1, 1, 128, 128) in [-1, 1]."""
        return uint8_to_x_0(self.pixels)[None]


def build_new_meaning(
    page: gr.Blocks,
    context: AppContext,
    check: Callable[..., NewMeaning],
    source: Sequence[gr.components.Component],
) -> None:
    """Lay out the section and wire it to the model.

    Args:
        page: the whole page.
        context: of the page.
        check: new definition and the values of `source` -> a request, or ValueError with one sentence.
        source: fields that say which glyph and which seed.
    """

    @context.on_gpu(20)
    def denoise(request: NewMeaning) -> Iterator[PixelFrame]:
        yield from denoise_new_meaning(context.pipeline, request)

    def stream(request: NewMeaning) -> Iterator[FrameMessage]:
        yield from stream_messages(denoise(request), card_of(request, context.fingerprint), observers_of(request))

    def answers(*values: object) -> Generator[tuple, None, None]:
        yield from answer(lambda: check(*values), stream)

    gr.Markdown(say("new_meaning.explanation"))
    with gr.Row():
        prompt = gr.Textbox("bird", label=say("new_meaning.prompt"), elem_id="redraw-prompt", scale=3, min_width=200)
        start = gr.Button(say("new_meaning.start"), variant="primary", elem_id="redraw", scale=1, min_width=200)
        stop = gr.Button(say("new_meaning.stop"), elem_id="redraw-stop", scale=1, min_width=100)
    waiting = build_waiting(context.static_files, say("new_meaning.start"), elem_id="redraw-waiting")
    message = gr.HTML("", elem_id="redraw-message")
    player = build_frame_player(context.static_files, idle=say("new_meaning.idle"), elem_id="redraw-player")
    wiring = RunWiring(
        page=page,
        line=context.line,
        starts=[start.click, prompt.submit],
        button=start,
        stop=stop,
        player=player,
        waiting=waiting,
        message=message,
        inputs=[prompt, *source],
        work=lambda *values: WORK,
    )
    RunEvents(wiring, answers).finish()


def denoise_new_meaning(pipeline: GlyffuserPipeline, request: NewMeaning) -> Iterator[PixelFrame]:
    """The frames of all depths side by side."""
    frames = give_new_meaning(pipeline, request.prompt, request.seed, request.x_0, START_TIMESTEPS, SampleConfig())
    yield from joint_to_pixels(frames)


def card_of(request: NewMeaning, fingerprint: str) -> RunCard:
    """What all messages of a new meaning share."""
    kept = Request(request.prompt, [request.seed], SampleConfig(), fingerprint)
    depths = [START_TIMESTEPS, *([start] for start in START_TIMESTEPS)]
    return RunCard(
        label=request.prompt,
        seeds=[request.seed] * len(START_TIMESTEPS),
        settings=[kept.to_settings(character=request.char, start_timesteps=depth) for depth in depths],
        file_names=["new-meaning.png", *(f"new-meaning-from-{start}.png" for start in START_TIMESTEPS)],
        columns=grid_columns(len(START_TIMESTEPS)),
        names=[say("new_meaning.name", timestep=start) for start in START_TIMESTEPS],
        beginning=say("new_meaning.beginning"),
        unit=say("compare.unit"),
    )


def observers_of(request: NewMeaning) -> Observers:
    """Says how much of the old ink survived."""

    def note(glyphs: np.ndarray) -> str:
        return survival_sentence(ink_survival(request.x_0, uint8_to_x_0(glyphs)).tolist())

    return Observers(note=note)


def survival_sentence(shares: list[float]) -> str:
    """How much of the old ink survived from each depth, in a sentence."""
    parts = [
        say("new_meaning.share", percent=f"{share:.0%}", timestep=start)
        for share, start in zip(shares, START_TIMESTEPS, strict=True)
    ]
    return say("new_meaning.survival", shares=", ".join(parts), by_chance=f"{SHARED_BY_CHANCE:.0%}")
