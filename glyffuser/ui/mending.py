"""Glyphs that came out badly: a sentence that says so, and settings that mend it."""

from collections import Counter

import numpy as np

from glyffuser.config import SampleConfig
from glyffuser.defects import defect_of
from glyffuser.ui.request import random_seed
from glyffuser.ui.text import say


def defect_note(glyphs: np.ndarray) -> str:
    """The commonest defect of finished glyphs uint8 (batch, 128, 128) in a sentence; "" if they have none."""
    defects = Counter(filter(None, map(defect_of, glyphs)))
    if not defects:
        return ""
    ((defect, count),) = defects.most_common(1)
    return say(f"mending.{defect}", count=count, total=len(glyphs))


def mended(guidance_scale: float, pag_scale: float, num_steps: int) -> tuple[float, float, int, int]:
    """Settings that are likelier to give a sound glyph: lower guidance, another seed, and the usual number of steps at
    least, since strokes may stay grey with fewer.
    """
    usual = SampleConfig()
    lower = min(usual.guidance_scale, max(1, guidance_scale / 2))
    return lower, min(usual.pag_scale, pag_scale), max(num_steps, usual.num_inference_steps), random_seed()
