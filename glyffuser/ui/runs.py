"""Runs of the model: they wait in one queue, each visitor has one, and Stop ends it between two frames.

Gradio's own `cancels` takes runs out of the queue, but keeps only the newest of several that one button began. So each
run is given a number when it is requested, and checks before every frame whether that is still the visitor's own.
"""

import itertools
import logging
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import gradio as gr

from glyffuser.ui.notices import notice
from glyffuser.ui.protocol import StoppedMessage
from glyffuser.ui.server_load import ServerLoad
from glyffuser.ui.text import say, sentence_of

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

STOPPED: StoppedMessage = {"state": "stopped"}
"""Ends a run in the frame player before its last frame."""

WORKER_ERROR = "ZeroGPU worker error"
"""Title under which ZeroGPU passes on what went wrong in a run, by its class name alone."""

Checked = TypeVar("Checked")

logger = logging.getLogger(__name__)


class Runs:
    """The run that each visitor waits for: the one requested last, until it is finished, stopped or given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # listeners outside the queue run in threads of their own
        self._numbers = itertools.count(1)
        self._current: dict[str | None, int] = {}

    def __len__(self) -> int:
        """Visitors with a run."""
        return len(self._current)

    def request(self, session: str | None) -> int:
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

    def give_up(self, session: str | None, number: int) -> None:
        """Forget a run that could not begin, unless the visitor has requested another since."""
        with self._lock:
            if self._current.get(session) == number:
                del self._current[session]

    def while_current(self, session: str | None, number: int, frames: Generator[Any, None, None]) -> Iterator[Any]:
        """The frames of a run for as long as nobody stops it and no other is requested.

        Args:
            session: the visitor's `session_hash`.
            number: from `request`.
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
            self.give_up(session, number)


@dataclass(frozen=True)
class RunWiring:
    """The controls of one place on the page where runs are started.

    Attributes:
        page: the whole page; a visitor who leaves it gives his run up.
        starts: events that start a run, such as a button's click.
        stop: the button that ends it.
        player: where frames go.
        message: where sentences go.
        inputs: what decides the run.
        extra_outputs: what else the frames fill.
        load: is told of these runs.
    """

    page: gr.Blocks
    starts: Sequence[Callable]
    stop: gr.Button
    player: gr.HTML
    message: gr.HTML
    inputs: Sequence[gr.components.Component]
    extra_outputs: Sequence[gr.components.Component] = field(default_factory=list)
    load: ServerLoad = field(default_factory=ServerLoad)


class RunEvents:
    """Wires buttons to a generator of answers: requested at once, run in turn, ended by Stop or by another request."""

    def __init__(self, wiring: RunWiring, answers: Callable[..., Generator[tuple, None, None]]) -> None:
        """
        Args:
            wiring: the controls.
            answers: inputs -> what the player, the message and the extra outputs show, again and again.
        """
        self._wiring, self._answers, self._runs = wiring, answers, Runs()
        wiring.load.count_with(lambda: len(self._runs))
        # a gr.State would not do: it stays on the server, and a run that waited would find a later run's number there
        self._number = gr.Number(visible=False, precision=0)
        chains = []
        if wiring.starts:
            requested = gr.on(list(wiring.starts), self._request, None, self._number, **QUICK)
            chains.append(self._then_run(requested))
        self._chains = chains
        wiring.page.unload(self._leave)

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

        def take_and_request(value: Any, visitor: gr.Request) -> tuple:
            return *take(value), self._request(visitor)

        self._chains.append(self._then_run(event(take_and_request, inputs, [*outputs, self._number], **QUICK)))

    def finish(self, ends: Sequence[Callable] = ()) -> None:
        """Wire Stop, once every event that starts a run is known.

        Args:
            ends: other events that end a run, of which the player is told nothing.
        """
        wiring = self._wiring
        for event in ends:
            event(self._leave, None, None, cancels=self._chains, **QUICK)
        wiring.stop.click(self._stop, None, [wiring.player, wiring.message], cancels=self._chains, **QUICK)

    def _then_run(self, requested: Any) -> Any:
        wiring = self._wiring
        run = requested.then(
            self._run,
            [self._number, *wiring.inputs],
            [wiring.player, wiring.message, *wiring.extra_outputs],
            show_progress_on=wiring.message,
            **ON_MODEL,
        )
        run.failure(self._give_up, self._number, None, **QUICK)  # such as a queue that is full
        return run

    def _run(self, visitor: gr.Request, number: int, *inputs: Any) -> Iterator[tuple]:
        started, message = time.monotonic(), None
        for message in self._runs.while_current(visitor.session_hash, number, self._answers(*inputs)):
            yield message
        if message is not None:  # not a run that was given up before its turn
            self._wiring.load.note(time.monotonic() - started)

    def _request(self, visitor: gr.Request) -> int:
        return self._runs.request(visitor.session_hash)

    def _stop(self, visitor: gr.Request) -> tuple[StoppedMessage, str]:
        self._runs.stop(visitor.session_hash)
        return STOPPED, ""

    def _give_up(self, number: int, visitor: gr.Request) -> None:
        self._runs.give_up(visitor.session_hash, number)

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
