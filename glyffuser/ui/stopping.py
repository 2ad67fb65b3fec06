"""Stop, between two frames.

Gradio's own `cancels` takes runs out of the queue, but forgets one that began just after another was stopped: its page
deletes the new run's entry when the old one ends. So a run also looks by itself, before every frame.
"""

from collections.abc import Generator, Iterator
from contextlib import closing

STOPPED = {"state": "stopped"}
"""What the frame player takes as the end of a run that was stopped."""


class Runs:
    """The run of each visitor that goes on, one at a time."""

    def __init__(self):
        self._current: dict[str | None, Generator] = {}

    def until_stopped(self, session: str | None, frames: Generator[dict]) -> Iterator[dict]:
        """The frames of a run, up to the moment its visitor stops it; then `STOPPED`.

        Args:
            session: the visitor's `session_hash`.
            frames: the run; closed at the end.
        """
        self._current[session] = frames
        try:
            with closing(frames):
                for frame in frames:
                    if self._current.get(session) is not frames:
                        yield STOPPED
                        return
                    yield frame
        finally:
            if self._current.get(session) is frames:
                del self._current[session]

    def stop(self, session: str | None) -> None:
        """End the visitor's run before its next frame, if there is one."""
        self._current.pop(session, None)
