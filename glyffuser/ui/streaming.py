"""Frames of a run -> messages for the frame player."""

import base64
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from glyffuser.diffusion import Frame, Run
from glyffuser.images import encode_jpeg, encode_png, tile, x_0_to_uint8
from glyffuser.side_by_side import JointFrame
from glyffuser.ui.protocol import FrameMessage

MAX_FRAMES_PER_SECOND = 12
"""More than this a browser cannot show, and a stream has no back-pressure."""

Locate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Glyphs uint8 (batch, 128, 128) -> map coordinates (batch, 2) of each, and the index of its nearest real character."""


@dataclass(frozen=True)
class PixelFrame:
    """A frame of one run, or of several side by side, as pictures: what leaves the function that holds the GPU.

    Attributes:
        step: 0 (nothing denoised yet) to `num_steps`.
        num_steps: model calls of the whole run.
        timestep: where the model was called; None at step 0, and where several runs take turns.
        next_timestep: noise level of `x_t`, of several runs that of the noisiest.
        x_t: uint8 (batch, 128, 128), noised glyphs; the finished ones in the last frame.
        pred_x_0: uint8 (batch, 128, 128), predicted clean glyphs; `x_t` where nothing is predicted yet.
    """

    step: int
    num_steps: int
    timestep: int | None
    next_timestep: int
    x_t: np.ndarray
    pred_x_0: np.ndarray


@dataclass(frozen=True)
class RunCard:
    """Everything in a run's messages that does not change from frame to frame.

    Attributes:
        label: the prompt, plain text.
        seeds: one a glyph.
        settings: what the PNG of the whole grid keeps, then that of each glyph.
        file_names: of the same PNGs.
        columns: glyphs a row.
        query: of a link that replays the run; "" if there is none.
        names: captions of the glyphs in a comparison.
        beginning: caption of step 0 where it is not pure noise.
        unit: what a step is called where it is not "step".
    """

    label: str
    seeds: list[int]
    settings: list[dict]
    file_names: list[str]
    columns: int
    query: str = ""
    names: list[str] | None = None
    beginning: str = ""
    unit: str = ""

    def message(self, run: str, num_steps: int) -> dict:
        """The part of a `FrameMessage` that all frames share."""
        optional = {"names": self.names, "beginning": self.beginning, "unit": self.unit}
        return {
            "run": run,
            "label": self.label,
            "seeds": self.seeds,
            "num_glyphs": len(self.seeds),
            "columns": self.columns,
            "num_steps": num_steps,
            **{name: value for name, value in optional.items() if value},
        }


@dataclass(frozen=True)
class Observers:
    """What else is found out about the glyphs of a run.

    Attributes:
        locate: finds the predictions' places on the map.
        note: finished glyphs uint8 (batch, 128, 128) -> a sentence about them, or "".
        keep: takes the run's id and its finished glyphs.
    """

    locate: Locate | None = None
    note: Callable[[np.ndarray], str] = lambda glyphs: ""
    keep: Callable[[str, np.ndarray], None] = lambda run, glyphs: None


def run_to_pixels(run: Run) -> Iterator[PixelFrame]:
    """The pure noise that a run begins with, then a frame a step."""
    noise = x_0_to_uint8(run.x_t)
    yield PixelFrame(0, len(run.timesteps), None, run.timesteps[0], noise, noise)
    for frame in run.frames:
        yield _to_pixels(frame, frame.num_inference_steps, frame.timestep)


def joint_to_pixels(frames: Iterator[JointFrame]) -> Iterator[PixelFrame]:
    """Several runs side by side; the timestep would be that of one of them, so there is none."""
    for frame in frames:
        yield _to_pixels(frame, frame.num_steps, None)


def _to_pixels(frame: Frame | JointFrame, num_steps: int, timestep: int | None) -> PixelFrame:
    x_t, pred_x_0 = x_0_to_uint8(frame.x_t), x_0_to_uint8(frame.pred_x_0)
    return PixelFrame(frame.step, num_steps, timestep, frame.next_timestep, x_t, pred_x_0)


def stream_messages(
    frames: Iterator[PixelFrame],
    card: RunCard,
    observers: Observers | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[FrameMessage]:
    """Messages for the frame player: the start, at most 12 frames a second, always the last.

    Args:
        frames: of one run.
        card: what all messages share.
        observers: what else to find out.
        clock: seconds, for the throttle.
    """
    run, observers, throttle = uuid.uuid4().hex, observers or Observers(), Throttle(clock)
    for frame in frames:
        if frame.step == frame.num_steps:
            observers.keep(run, frame.x_t)
            found = _located(frame.x_t, observers) | {"note": observers.note(frame.x_t)}
            yield _message(run, frame, card, _finished(frame, card) | found)
        elif frame.step == 0:
            yield _message(run, frame, card, _running(frame, card))
        elif throttle.is_due():
            yield _message(run, frame, card, _running(frame, card) | _located(frame.pred_x_0, observers))


class Throttle:
    """Says when the next frame may be sent."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: seconds.
        """
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """Whether a frame's time has passed since the last that was due."""
        now = self._clock()
        if now - self._last < 1 / MAX_FRAMES_PER_SECOND:
            return False
        self._last = now
        return True


def _message(run: str, frame: PixelFrame, card: RunCard, content: dict) -> FrameMessage:
    where = {"step": frame.step, "timestep": frame.timestep, "next_timestep": frame.next_timestep}
    return cast(FrameMessage, card.message(run, frame.num_steps) | where | content)


def _running(frame: PixelFrame, card: RunCard) -> dict:
    pred_x_0 = None if frame.step == 0 else _jpeg(frame.pred_x_0, card)
    return {"state": "running", "x_t": _jpeg(frame.x_t, card), "pred_x_0": pred_x_0}


def _finished(frame: PixelFrame, card: RunCard) -> dict:
    """The last frame without loss, and the pictures to keep, with their settings inside."""
    pictures = [tile(frame.x_t, card.columns), *frame.x_t]
    downloads = [_png(pixels, settings) for pixels, settings in zip(pictures, card.settings, strict=True)]
    return {
        "state": "done",
        "x_t": downloads[0],
        "pred_x_0": _png(tile(frame.pred_x_0, card.columns)),
        "downloads": downloads,
        "download_names": card.file_names,
        **({"query": card.query} if card.query else {}),
    }


def _located(glyphs: np.ndarray, observers: Observers) -> dict:
    if observers.locate is None:
        return {}
    positions, nearest = observers.locate(glyphs)
    return {"positions": positions.round(4).tolist(), "nearest": nearest.tolist()}


def _jpeg(glyphs: np.ndarray, card: RunCard) -> str:
    return data_url(encode_jpeg(tile(glyphs, card.columns)), "image/jpeg")


def _png(pixels: np.ndarray, settings: dict | None = None) -> str:
    return data_url(encode_png(pixels, settings), "image/png")


def data_url(content: bytes, mime_type: str) -> str:
    """A picture as text."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode('ascii')}"


def from_data_url(url: str) -> bytes:
    """What `data_url` was made of.

    Raises:
        ValueError: if it is no data URL.
    """
    header, comma, body = url.partition(",")
    if not (header.startswith("data:") and header.endswith(";base64") and comma):
        raise ValueError("this is not a data URL")
    return base64.b64decode(body, validate=True)
