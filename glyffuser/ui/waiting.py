"""The line of runs that wait for the model: how many are before each of them, and for how many seconds.

Gradio's queue decides whose turn it is. This line counts the same runs from the moment they are requested, so that the
browser can ask for a place in it at any time, by an address of its own that waits in no queue.
"""

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from glyffuser.config import SampleConfig
from glyffuser.ui.protocol import WaitingPlace
from glyffuser.ui.static_files import PREFIX

URL = f"{PREFIX}/waiting"
"""Address of a place in the line; the ticket follows after a slash."""

MAX_WAITING = 16
"""Runs in the line; fewer than Gradio's queue takes, which counts other events, too."""

SECONDS_A_GLYPH_AND_STEP = 0.04
"""Before any run was measured: 3.0 s for 4 glyphs of 20 steps on two CPU cores (`make bench`)."""

USUAL_WORK = 4 * SampleConfig().num_inference_steps
"""Glyphs times steps of a run of which nothing is known: 4 glyphs with the default number of steps."""

WEIGHT_OF_NEWEST = 0.3
"""Of the newest run in the moving average of seconds a glyph and step."""

PATIENCE_SECONDS = 90
"""A ticket of which nobody asked for so long is no longer counted; browsers let a page in the background ask once a
minute."""

OVER: WaitingPlace = {"ticket": 0, "state": "over", "before": 0, "seconds": 0}
"""Place of a run that waits no longer."""

FULL: WaitingPlace = OVER | {"state": "full"}
"""Place of a run for which there was no room."""


@dataclass
class Ticket:
    """A run in the line.

    Attributes:
        work: glyphs times steps.
        asked_at: when its place was last asked for, in seconds of the line's clock.
        began_at: when it began; None while it waits.
    """

    work: int
    asked_at: float
    began_at: float | None = None


class WaitingLine:
    """Runs in the order in which they were requested, and a moving average of how long they take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: seconds.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tickets: dict[int, Ticket] = {}
        self._seconds_a_unit = SECONDS_A_GLYPH_AND_STEP

    def __len__(self) -> int:
        """Runs that wait or are being drawn."""
        with self._lock:
            self._forget_the_silent()
            return len(self._tickets)

    @property
    def seconds_a_glyph_and_step(self) -> float:
        """The moving average."""
        return self._seconds_a_unit

    def join(self, work: int = 0) -> int | None:
        """A ticket for a run at the line's end; None if there is no room.

        Args:
            work: glyphs times steps; 0 if that is not known.
        """
        with self._lock:
            self._forget_the_silent()
            if len(self._tickets) >= MAX_WAITING:
                return None
            return self._join(work)

    def begin(self, number: int) -> None:
        """A run's turn has come."""
        with self._lock:
            ticket = self._tickets.setdefault(number, Ticket(USUAL_WORK, self._clock()))
            ticket.began_at = self._clock()

    def do_not_measure(self) -> None:
        """The run whose turn it is takes no time of the model, so its own is not to count."""
        with self._lock:
            for ticket in self._tickets.values():
                if ticket.began_at is not None:
                    ticket.work = 0

    def finish(self, number: int) -> None:
        """A run has come to its end; its time goes into the average."""
        with self._lock:
            ticket = self._tickets.pop(number, None)
            if ticket is None or ticket.began_at is None or not ticket.work:
                return
            measured = (self._clock() - ticket.began_at) / ticket.work
            self._seconds_a_unit += WEIGHT_OF_NEWEST * (measured - self._seconds_a_unit)

    def leave(self, number: int | None) -> None:
        """A run is given up, wherever it stands."""
        with self._lock:
            if number is not None:
                self._tickets.pop(number, None)

    def counted(self, work: int, frames: Generator[Any, None, None]) -> Iterator[Any]:
        """The frames of a run that has its turn without ever having waited in this line, such as a program's.

        Args:
            work: glyphs times steps.
            frames: of the run.
        """
        with self._lock:
            number = self._join(work)
        self.begin(number)
        try:
            with closing(frames):
                yield from frames
            self.finish(number)
        finally:
            self.leave(number)

    def place(self, number: int) -> WaitingPlace:
        """Where a run stands: how many are before it, the one being drawn included, and for about how many seconds."""
        with self._lock:
            now = self._clock()
            ticket = self._tickets.get(number)
            if ticket is None:
                return OVER
            ticket.asked_at = now
            self._forget_the_silent()
            if ticket.began_at is not None:
                return OVER | {"ticket": number, "state": "running"}
            before = [other for key, other in self._tickets.items() if _stands_before(key, other, number)]
            seconds = round(sum(self._seconds_left(other, now) for other in before))
        return {"ticket": number, "state": "waiting", "before": len(before), "seconds": seconds}

    def wait_seconds(self) -> float:
        """How long a visitor waits who has just requested a run: for all runs but his own, which is the newest."""
        with self._lock:
            self._forget_the_silent()
            now, others = self._clock(), list(self._tickets.values())[:-1]
            return sum(self._seconds_left(other, now) for other in others)

    def routes(self) -> list[Route]:
        """For the browser, which asks for a place every second."""
        return [Route(f"/{URL}/{{number:int}}", self._answer, methods=["GET"])]

    async def _answer(self, http: HttpRequest) -> JSONResponse:
        return JSONResponse(self.place(http.path_params["number"]), headers={"Cache-Control": "no-store"})

    def _join(self, work: int) -> int:
        number = next(self._numbers)
        self._tickets[number] = Ticket(work, self._clock())
        return number

    def _seconds_left(self, ticket: Ticket, now: float) -> float:
        seconds = (ticket.work or USUAL_WORK) * self._seconds_a_unit
        return seconds if ticket.began_at is None else max(1.0, seconds - (now - ticket.began_at))

    def _forget_the_silent(self) -> None:
        too_old = self._clock() - PATIENCE_SECONDS
        silent = [key for key, each in self._tickets.items() if each.began_at is None and each.asked_at < too_old]
        for number in silent:
            del self._tickets[number]


def _stands_before(key: int, ticket: Ticket, number: int) -> bool:
    """Whether a ticket's turn comes, or has come, before that of another number."""
    return ticket.began_at is not None or key < number
