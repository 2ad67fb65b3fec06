"""Finished runs by what decides their pixels: a class of thirty with one link costs one run."""

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.streaming import MAX_FRAMES_PER_SECOND

MAX_RUNS = 100
MAX_BYTES = 64_000_000
"""Of all runs together; one of 4 glyphs and 25 steps takes 1.9 MB, one of 16 glyphs four times as much."""


@dataclass(frozen=True, eq=False)
class CachedRun:
    """A finished run.

    Attributes:
        messages: all of them, under the id of the run that was drawn.
        glyphs: uint8 (batch, 128, 128), finished.
        num_bytes: of both.
    """

    messages: list[FrameMessage]
    glyphs: np.ndarray
    num_bytes: int

    def replay(self, run: str) -> Iterator[FrameMessage]:
        """The messages under the id of another run, since browsers keep frames by it; no faster than a run is drawn.

        Gradio hands the browser only the last of messages that come at once, and there would be nothing to watch.
        """
        for message in self.messages:
            yield message | {"run": run}
            time.sleep(1 / MAX_FRAMES_PER_SECOND)


class RunCache:
    """The runs that were asked for last, bounded in number and bytes."""

    def __init__(self, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        """
        Args:
            max_runs: that are kept.
            max_bytes: of all of them.
        """
        self._max_runs, self._max_bytes = max_runs, max_bytes
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, CachedRun] = OrderedDict()

    def __len__(self) -> int:
        """Runs that are kept."""
        return len(self._runs)

    def keep(self, query: str, messages: list[FrameMessage], glyphs: np.ndarray) -> None:
        """Keep a finished run.

        Args:
            query: of the request, its checkpoint included (`Request.to_query`).
            messages: all of them.
            glyphs: uint8 (batch, 128, 128), finished.
        """
        num_bytes = glyphs.nbytes + sum(len(json.dumps(message)) for message in messages)
        with self._lock:
            self._runs[query] = CachedRun(messages, glyphs, num_bytes)
            while len(self._runs) > self._max_runs or self._total_bytes() > self._max_bytes:
                self._runs.popitem(last=False)

    def find(self, query: str) -> CachedRun | None:
        """The run of a request, if it is kept; it will be the last to be forgotten."""
        with self._lock:
            if query in self._runs:
                self._runs.move_to_end(query)
            return self._runs.get(query)

    def _total_bytes(self) -> int:
        return sum(run.num_bytes for run in self._runs.values())


def new_run_id() -> str:
    """An id that no other run has."""
    return uuid.uuid4().hex
