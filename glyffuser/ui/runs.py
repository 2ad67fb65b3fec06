"""Runs of the model: they wait in one queue, each visitor has one, and Stop ends it between two frames.

Gradio's own `cancels` takes runs out of the queue, but keeps only the newest of several that one button began. So each
run is given a number when it is requested, its ticket in the line of all that wait, and checks before every frame
whether that is still the visitor's own.
"""

import logging
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import gradio as gr

from glyffuser.ui.notices import notice
from glyffuser.ui.protocol import StoppedMessage, WaitingPlace
from glyffuser.ui.text import say, sentence_of
from glyffuser.ui.waiting import FULL, OVER, WaitingLine

MODEL_QUEUE = "model"
"""All events that run the model share this queue, one at a time: two of them would only slow each other down."""

ON_MODEL: dict[str, Any] = {
    "concurrency_id": MODEL_QUEUE,
    "concurrency_limit": 1,
    "trigger_mode": "multiple",
    "show_progress": "minimal",
    "api_visibility": "private",
}
"""For events that run the model, each of which a visitor waits for."""

QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For events that take milliseconds and wait for nobody."""

IN_ORDER: dict[str, Any] = QUICK | {"queue": True, "trigger_mode": "multiple", "concurrency_limit": 1}
"""For quick events that are all answered, in order: "once" would drop one that comes before the last is answered."""

TOLD = """(waiting) => [{ state: "waiting", sentence: waiting.sentence }, waiting.sentence || waiting.button]"""
"""In the browser: the sentence of those who wait, for the canvas's caption and on the button."""

TOLD_BUTTON = "(waiting) => waiting.sentence || waiting.button"

STOPPED: StoppedMessage = {"state": "stopped"}
"""Ends a run in the frame player before its last frame."""

WORKER_ERROR = "ZeroGPU worker error"
"""Title under which ZeroGPU passes on what went wrong in a run, by its class name alone."""

Checked = TypeVar("Checked")

logger = logging.getLogger(__name__)


class Runs:
    """The run that each visitor waits for: the one requested last, until it is finished, stopped or given up."""

    def __init__(self, line: WaitingLine) -> None:
        """
        Args:
            line: of all runs on the page.
        """
        self._lock = threading.Lock()  # listeners outside the queue run in threads of their own
        self._line = line
        self._current: dict[str | None, int] = {}

    def __len__(self) -> int:
        """Visitors with a run."""
        return len(self._current)

    def request(self, session: str | None, work: int = 0) -> int | None:
        """The number of a new run; the visitor's last one ends before its next frame, or never begins.

        Args:
            session: the visitor's `session_hash`.
            work: glyphs times steps; 0 if that is not known.

        Returns:
            None if too many are waiting.
        """
        self.stop(session)
        with self._lock:
            number = self._line.join(work)
            if number is not None:
                self._current[session] = number
        return number

    def stop(self, session: str | None) -> None:
        """End the visitor's run before its next frame, if there is one."""
        with self._lock:
            self._line.leave(self._current.pop(session, None))

    def give_up(self, session: str | None, number: int | None) -> None:
        """Forget a run that could not begin, unless the visitor has requested another since."""
        with self._lock:
            self._line.leave(number)
            if self._current.get(session) == number:
                self._current.pop(session, None)

    def while_current(self, session: str | None, number: int, frames: Generator[Any, None, None]) -> Iterator[Any]:
        """The frames of a run for as long as nobody stops it and no other is requested.

        Args:
            session: the visitor's `session_hash`.
            number: from `request`.
            frames: the run; closed at the end, and not begun if its time is over.
        """
        if number is None or self._current.get(session) != number:
            return
        self._line.begin(number)
        try:
            with closing(frames):
                for frame in frames:
                    if self._current.get(session) != number:
                        return
                    yield frame
            self._line.finish(number)
        finally:
            self.give_up(session, number)


@dataclass(frozen=True)
class RunWiring:
    """The controls of one place on the page where runs are started.

    Attributes:
        page: the whole page; a visitor who leaves it gives his run up.
        line: of all runs on the page.
        starts: events that start a run, such as a button's click.
        button: what is clicked; while a run waits, it says so.
        stop: the button that ends it, if there is one.
        player: where frames go.
        waiting: tells those who wait how long, see `glyffuser.ui.components.waiting`.
        message: where sentences go.
        inputs: what decides the run.
        work: inputs -> glyphs times steps; ValueError if the run will be refused.
        extra_outputs: what else the frames fill.
        has_caption: whether the player says how long one has to wait, too.
    """

    page: gr.Blocks
    line: WaitingLine
    starts: Sequence[Callable]
    button: gr.Button
    stop: gr.Button | None
    player: gr.HTML
    waiting: gr.HTML
    message: gr.HTML
    inputs: Sequence[gr.components.Component]
    work: Callable[..., int]
    extra_outputs: Sequence[gr.components.Component] = field(default_factory=list)
    has_caption: bool = True


class RunEvents:
    """Wires buttons to a generator of answers: requested at once, run in turn, ended by Stop or by another request."""

    def __init__(self, wiring: RunWiring, answers: Callable[..., Generator[tuple, None, None]]) -> None:
        """
        Args:
            wiring: the controls.
            answers: inputs -> what the player, the message and the extra outputs show, again and again.
        """
        self._wiring, self._answers, self._runs = wiring, answers, Runs(wiring.line)
        # a gr.State would not do: it stays on the server, and a run that waited would find a later run's number there
        self._number = gr.Number(visible="hidden", precision=0)
        self._requested = [self._number, wiring.waiting]
        starts = [*wiring.starts, wiring.waiting.retry]
        gr.on(starts, self._request, list(wiring.inputs), self._requested, preprocess=False, **QUICK)
        self._chain = self._run_when_numbered()
        wiring.page.unload(self._leave)
        self._tell_those_who_wait()

    def start_by(
        self, event: Callable, take: Callable, inputs: Any, outputs: Sequence[gr.components.Component]
    ) -> None:
        """Another event that starts a run, after it has filled some fields.

        Args:
            event: such as a chip's click.
            take: inputs -> values of `outputs`, as a tuple.
            inputs: of `take`.
            outputs: fields.
        """

        def take_and_request(visitor: gr.Request, *values: Any) -> tuple:
            return *take(*values), *self._request(visitor)

        event(take_and_request, inputs, [*outputs, *self._requested], **QUICK)

    def finish(self, ends: Sequence[Callable] = ()) -> None:
        """Wire Stop, once every event that starts a run is known.

        Args:
            ends: other events that end a run, of which the player is told nothing.
        """
        wiring = self._wiring
        for event in ends:
            event(self._leave, None, None, cancels=self._chain, **QUICK)
        if wiring.stop:
            outputs = [wiring.player, wiring.message, wiring.waiting]
            wiring.stop.click(self._stop, None, outputs, cancels=self._chain, **QUICK)

    def _run_when_numbered(self) -> Any:
        """The event that waits in the queue; a request for which there is no room in the line gets no number."""
        wiring = self._wiring
        run = self._number.change(
            self._run,
            [self._number, *wiring.inputs],
            [wiring.player, wiring.message, wiring.waiting, *wiring.extra_outputs],
            **ON_MODEL | {"show_progress": "hidden"},
        )
        run.failure(self._refused, self._number, wiring.waiting, **QUICK)
        return run

    def _tell_those_who_wait(self) -> None:
        """Put the waiting component's sentence on the button, and below the canvas where there is one."""
        wiring = self._wiring
        outputs = [wiring.player, wiring.button] if wiring.has_caption else wiring.button
        js = TOLD if wiring.has_caption else TOLD_BUTTON
        wiring.waiting.input(None, wiring.waiting, outputs, js=js, **QUICK | {"trigger_mode": "multiple"})

    def _run(self, visitor: gr.Request, number: int, *inputs: Any) -> Iterator[tuple]:
        answers = self._runs.while_current(visitor.session_hash, number, self._answers(*inputs))
        waiting = OVER
        for player, message, *extra in answers:
            yield player, message, waiting, *extra
            waiting = gr.skip()

    def _request(self, visitor: gr.Request, *inputs: Any) -> tuple[Any, WaitingPlace]:
        number = self._runs.request(visitor.session_hash, self._work(inputs))
        return (gr.skip(), FULL) if number is None else (number, self._wiring.line.place(number))

    def _work(self, inputs: tuple) -> int:
        try:
            return self._wiring.work(*inputs) if inputs else 0
        except (ValueError, TypeError):  # the run itself says what is wrong
            return 0

    def _stop(self, visitor: gr.Request) -> tuple[StoppedMessage, str, WaitingPlace]:
        self._runs.stop(visitor.session_hash)
        return STOPPED, "", OVER

    def _refused(self, number: int, visitor: gr.Request) -> WaitingPlace:
        """The place of a run that could not begin: tried again if Gradio's queue is full."""
        self._runs.give_up(visitor.session_hash, number)
        queue = self._wiring.page._queue
        return FULL if queue.max_size is not None and len(queue) >= queue.max_size else OVER

    def _leave(self, visitor: gr.Request) -> None:
        self._runs.stop(visitor.session_hash)


def answer(
    check: Callable[[], Checked], stream: Callable[[Checked], Iterator[Any]], ended: Any = STOPPED
) -> Generator[tuple[Any, str], None, None]:
    """Check a request and stream its messages, each with a sentence for the visitor; never a traceback.

    Args:
        check: raises ValueError with one sentence if something is wrong.
        stream: the checked request -> messages.
        ended: the message that ends a run which came to no end by itself.

    Yields:
        (message, sentence as HTML): the sentence is "" while all is well.
    """
    try:
        checked = check()
    except ValueError as error:
        yield ended, notice(sentence_of(error), "error")  # the former run ended when this one was requested
        return
    try:
        for message in stream(checked):
            yield message, ""
    except Exception as error:
        yield ended, apology(error)


def apology(error: Exception) -> str:
    """What a visitor is told of a run that failed, as HTML; the log is told the rest."""
    if isinstance(error, gr.Error) and error.title != WORKER_ERROR:  # meant for the visitor, such as a used-up quota
        return notice(re.sub("<[^>]+>", "", error.message), "error")
    logger.error("a run failed", exc_info=error)
    return notice(say("errors.run_failed"), "error")
