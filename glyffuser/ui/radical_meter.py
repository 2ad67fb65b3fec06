"""How many glyphs of a run carry the radical that their definition suggests."""

import html

import numpy as np

from glyffuser.data.radical_names import radical_of
from glyffuser.images import uint8_to_x_0
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.ui.context import AppContext
from glyffuser.ui.figures import radical_image
from glyffuser.ui.text import say

SUGGESTED_FROM = 0.2
"""Below this probability the words leave the radical open."""


def likeliest_radical(pipeline: GlyffuserPipeline, prompt: str) -> tuple[int, float]:
    """The radical that the glyph prior finds likeliest, 1 to 214, and its probability.

    Args:
        pipeline: a loaded model.
        prompt: cleaned as by `clean_prompt`, not empty.
    """
    probability, radical = pipeline.suggest_radicals([prompt])[0].max(dim=0)
    return int(radical), float(probability)


def suggested_radical(context: AppContext, prompt: str) -> str:
    """The likeliest radical, drawn, and its probability, as HTML to stand after "suggest"; "" for an empty prompt."""
    if not prompt:
        return ""
    number, probability = likeliest_radical(context.pipeline, prompt)
    if probability < SUGGESTED_FROM:
        return html.escape(say("radical.no_clear"))
    radical = radical_of(number)
    forms, name = radical_image(context.renderer, radical), html.escape(radical.name)
    return say("radical.suggested", forms=forms, name=name, percent=f"{probability:.0%}")


def radical_note(context: AppContext, prompt: str, glyphs: np.ndarray) -> str:
    """A sentence on finished glyphs uint8 (batch, 128, 128); nothing for an empty prompt."""
    if not prompt:
        return ""
    radical, probability = likeliest_radical(context.pipeline, prompt)
    if probability < SUGGESTED_FROM:
        return say("radical.open")
    found = context.radical_classifier.top_k(uint8_to_x_0(glyphs), k=1) == radical
    named = say("radical.named", char=radical_of(radical).char, name=radical_of(radical).name)
    return say("radical.count", radical=named, count=int(found.sum()), total=len(glyphs))
