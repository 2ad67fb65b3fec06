"""A plain run: a request for glyphs -> frames -> messages."""

from collections.abc import Iterator

import numpy as np

from glyffuser.images import grid_columns
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.request import Request
from glyffuser.ui.context import AppContext
from glyffuser.ui.mending import defect_note
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.radical_meter import radical_note
from glyffuser.ui.run_cache import CachedRun, new_run_id
from glyffuser.ui.streaming import Observers, PixelFrame, RunCard, run_to_pixels, stream_messages


def gpu_seconds(request: Request) -> int:
    """How long a GPU is requested for, start and pictures included."""
    return 10 + work_of(request) // 100


def work_of(request: Request) -> int:
    """Glyphs times steps."""
    return len(request.seeds) * request.config.num_inference_steps


def denoise_request(pipeline: GlyffuserPipeline, request: Request) -> Iterator[PixelFrame]:
    """The frames of a request."""
    prompts = [request.prompt] * len(request.seeds)
    yield from run_to_pixels(pipeline.begin(prompts, request.seeds, request.config))


def request_messages(context: AppContext, request: Request, frames: Iterator[PixelFrame]) -> Iterator[FrameMessage]:
    """Messages of a request's frames; finished glyphs are kept, and the run is replayed when it is requested again.

    Args:
        context: of the page.
        request: what is drawn.
        frames: from `denoise_request`; not begun if the run is known.
    """
    request = context.drawn_here(request)
    known = context.run_cache.find(request.to_query())
    yield from _replayed(context, request, known) if known else _drawn(context, request, frames)


def _replayed(context: AppContext, request: Request, known: CachedRun) -> Iterator[FrameMessage]:
    context.line.do_not_measure()
    run = new_run_id()
    context.finished.keep(run, request.prompt, known.glyphs)
    yield from known.replay(run)


def _drawn(context: AppContext, request: Request, frames: Iterator[PixelFrame]) -> Iterator[FrameMessage]:
    observers = Observers(
        locate=context.locate,
        note=lambda glyphs: note_on(context, request.prompt, glyphs),
        keep=lambda run, glyphs: context.finished.keep(run, request.prompt, glyphs),
    )
    messages = []
    for message in stream_messages(frames, card_of(request), observers):
        messages.append(message)
        yield message
    if messages and messages[-1]["state"] == "done":
        context.run_cache.keep(request.to_query(), messages, context.finished.glyphs_of(messages[-1]["run"]))


def note_on(context: AppContext, prompt: str, glyphs: np.ndarray) -> str:
    """What there is to say of finished glyphs uint8 (batch, 128, 128): what is wrong with them, and their radicals."""
    return " ".join(filter(None, [defect_note(glyphs), radical_note(context, prompt, glyphs)]))


def card_of(request: Request) -> RunCard:
    """What all messages of a request share."""
    stem = f"glyffuser-{request.file_stem}"
    return RunCard(
        label=request.prompt,
        seeds=request.seeds,
        settings=[each.to_settings() for each in (request, *request.single_glyphs())],
        file_names=[f"{stem}.png", *(f"{stem}-{seed}.png" for seed in request.seeds)],
        columns=grid_columns(len(request.seeds)),
        query=request.to_query(),
    )
