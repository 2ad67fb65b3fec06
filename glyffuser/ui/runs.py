"""Runs of the model: they wait in one queue, each visitor has one, and Stop ends it between two frames.

Gradio's own `cancels` takes runs out of the queue, but keeps only the newest of several that one button began. So each
run is given a number when it is ordered, and looks before every frame whether that is still the visitor's own.
"""

import itertools
import logging
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from glyffuser.ui.notices import notice

MODEL_QUEUE = "model"
"""All events that run the model share this queue, one at a time: two of them would only slow each other down."""

ON_MODEL = {
    "concurrency_id": MODEL_QUEUE,
    "concurrency_limit": 1,
    "trigger_mode": "multiple",
    "show_progress": "minimal",
    "api_visibility": "private",
}
"""For events that run the model, each of which a visitor waits for."""

QUICK = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For events that take milliseconds and wait for nobody."""

STOPPED = {"state": "stopped"}
"""What the frame player takes as the end of a run that came to none by itself."""

WORKER_ERROR = "ZeroGPU worker error"
"""Title under which ZeroGPU passes on what went wrong in a run, by its class name alone."""

SORRY = "Something went wrong on our side; your prompt and settings are still here, please try again."

logger = logging.getLogger(__name__)


class Runs:
    """The run that each visitor waits for: the one ordered last, until it is finished or stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # listeners outside the queue run in threads of their own
        self._numbers = itertools.count(1)
        self._current: dict[str | None, int] = {}

    def order(self, session: str | None) -> int:
        """The number of a new run; the visitor's last one ends before its next frame, or never begins.

        Args:
            session: the visitor's `session_hash`.
        """
        with self._lock:
            number = self._current[session] = next(self._numbers)
        return number

    def stop(self, session: str | None) -> None:
        """End the visitor's run before its next frame, if there is one."""
        with self._lock:
            self._current.pop(session, None)

    def while_current(self, session: str | None, number: int, frames: Generator[Any]) -> Iterator[Any]:
        """The frames of a run for as long as nobody stops it and no other is ordered.

        Args:
            session: the visitor's `session_hash`.
            number: from `order`.
            frames: the run; closed at the end, and not begun if its time is over.
        """
        if self._current.get(session) != number:
            return
        try:
            with closing(frames):
                for frame in frames:
                    if self._current.get(session) != number:
                        return
                    yield frame
        finally:
            with self._lock:
                if self._current.get(session) == number:
                    del self._current[session]

    def order_for_visitor(self, visitor: gr.Request) -> int:
        """`order` as the listener of a button."""
        return self.order(visitor.session_hash)

    def stop_for_visitor(self, visitor: gr.Request) -> tuple[dict, str]:
        """`stop` as the listener of a button: what the player and the message show then."""
        self.stop(visitor.session_hash)
        return STOPPED, ""


def order_number() -> gr.Number:
    """Where a page keeps the number of its last order.

    A `gr.State` would not do: it stays on the server, and a run that waited would find the number of a later one there.
    """
    return gr.Number(visible=False, precision=0)


def apology(error: Exception) -> str:
    """What a visitor is told of a run that failed, as HTML; the log is told the rest."""
    if isinstance(error, gr.Error) and error.title != WORKER_ERROR:  # meant for the visitor, such as a used-up quota
        return notice(re.sub("<[^>]+>", "", error.message), "error")
    logger.error("a run failed", exc_info=error)
    return notice(SORRY, "error")
