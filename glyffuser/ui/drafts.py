"""A glyph while one types: drawn by the fast network, always from the same noise, beside the runs of others."""

import threading
from functools import lru_cache

from glyffuser.config import FAST_CONFIG
from glyffuser.images import encode_png, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline

SEED = 1
"""Of every draft, so that what changes between two of them is the prompt's doing."""

MAX_WAIT_SECONDS = 1.0
"""For the drafts of others; one that would have to wait longer is left out."""

MAX_KEPT = 256


class Drafts:
    """Draws drafts, one at a time, and remembers the last ones."""

    def __init__(self, pipeline: GlyffuserPipeline) -> None:
        """
        Args:
            pipeline: with a fast network.
        """
        self._pipeline = pipeline
        self._lock = threading.Lock()
        self._kept = lru_cache(MAX_KEPT)(self._draw)

    def draw(self, prompt: str) -> bytes | None:
        """The draft of a prompt as a PNG; None if too many others are waiting for theirs.

        Args:
            prompt: cleaned.
        """
        if not self._lock.acquire(timeout=MAX_WAIT_SECONDS):
            return None
        try:
            return self._kept(prompt)
        finally:
            self._lock.release()

    def _draw(self, prompt: str) -> bytes:
        *_, last = self._pipeline.stream([prompt], [SEED], FAST_CONFIG)
        return encode_png(x_0_to_uint8(last.x_t)[0])
