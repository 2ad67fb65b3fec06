"""The glyphs of the newest finished runs, so that the browser can name one by its run and index."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

MAX_RUNS = 200
"""At most 52 MB: 16 glyphs of 16 kB each."""


@dataclass(frozen=True, eq=False)  # Gradio hashes what a gr.State holds, and an array has no hash
class FinishedGlyph:
    """A glyph of a finished run.

    Attributes:
        prompt: what it was drawn for.
        pixels: uint8 (128, 128).
    """

    prompt: str
    pixels: np.ndarray


class FinishedGlyphs:
    """Finished runs by their ids; the oldest are forgotten first."""

    def __init__(self, max_runs: int = MAX_RUNS) -> None:
        """
        Args:
            max_runs: runs that are kept.
        """
        self._max_runs = max_runs
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, tuple[str, np.ndarray]] = OrderedDict()
        self._shipped: dict[str, tuple[str, np.ndarray]] = {}

    def keep(self, run: str, prompt: str, glyphs: np.ndarray) -> None:
        """Keep the glyphs uint8 (batch, 128, 128) of a run."""
        with self._lock:
            self._runs[run] = prompt, glyphs
            while len(self._runs) > self._max_runs:
                self._runs.popitem(last=False)

    def keep_for_ever(self, run: str, prompt: str, glyphs: np.ndarray) -> None:
        """The same for a run that is shipped with the page."""
        with self._lock:
            self._shipped[run] = prompt, glyphs

    def glyphs_of(self, run: str) -> np.ndarray:
        """The glyphs uint8 (batch, 128, 128) of a run, none if there is no such run (any more)."""
        with self._lock:
            return self._runs.get(run, ("", np.empty((0, 128, 128), np.uint8)))[1]

    def find(self, run: object, index: object) -> FinishedGlyph | None:
        """The glyph that a browser names, or None if there is no such run or glyph (any more)."""
        if not isinstance(run, str):
            return None
        with self._lock:
            prompt, glyphs = self._shipped.get(run) or self._runs.get(run) or ("", ())
        if type(index) is not int or not 0 <= index < len(glyphs):
            return None
        return FinishedGlyph(prompt, glyphs[index])
