"""How long a run that is requested now would wait for its turn on the server."""

import threading
from collections.abc import Callable

WEIGHT = 0.2
"""Of the newest run in the moving average of durations."""


class ServerLoad:
    """Runs that wait or go on, and how long one takes.

    Attributes:
        mean_seconds: exponential moving average of the durations of runs; 0 before the first.
    """

    def __init__(self) -> None:
        self.mean_seconds = 0.0
        self._lock = threading.Lock()
        self._counts: list[Callable[[], int]] = []

    def count_with(self, count: Callable[[], int]) -> None:
        """Take one more kind of runs into account.

        Args:
            count: how many of them wait or go on.
        """
        self._counts.append(count)

    def note(self, seconds: float) -> None:
        """A run has taken so long."""
        with self._lock:
            known = self.mean_seconds
            self.mean_seconds = known + WEIGHT * (seconds - known) if known else seconds

    def wait_seconds(self) -> float:
        """What a visitor still waits for who has just requested a run: that of all others, one after the other."""
        others = sum(count() for count in self._counts) - 1
        return max(0, others) * self.mean_seconds
