"""How many glyphs of a run carry the radical that their definition suggests."""

from dataclasses import dataclass

import torch

from glyffuser.data.radical_names import RADICAL_NAMES
from glyffuser.radicals import RadicalClassifier
from glyffuser.pipeline import GlyffuserPipeline

SUGGESTED_FROM = 0.2
"""Below this probability the words leave the radical open."""


@dataclass(frozen=True)
class RadicalMeter:
    """Asks the glyph prior which radical a definition suggests, and the radical reader which ones are there.

    Attributes:
        pipeline: a loaded model.
        reader: names the radical of a glyph.
    """

    pipeline: GlyffuserPipeline
    reader: RadicalClassifier

    def suggested(self, prompt: str) -> tuple[int, float]:
        """The likeliest radical, 1 to 214, and its probability.

        Args:
            prompt: cleaned as by `clean_prompt`, not empty.
        """
        probability, radical = self.pipeline.suggest_radicals([prompt])[0].max(dim=0)
        return int(radical), float(probability)

    def guess(self, prompt: str) -> str:
        """The likeliest radical and its probability, to stand behind "suggest"; nothing for an empty prompt."""
        if not prompt:
            return ""
        radical, probability = self.suggested(prompt)
        if probability < SUGGESTED_FROM:
            return ": no clear radical"
        return f": the radical {RADICAL_NAMES[radical - 1]} ({probability:.0%} sure)"

    def __call__(self, prompt: str, x_0: torch.Tensor) -> str:
        """A sentence on finished glyphs (batch, 1, 128, 128) in [-1, 1]; nothing for an empty prompt."""
        if not prompt:
            return ""
        radical, probability = self.suggested(prompt)
        if probability < SUGGESTED_FROM:
            return "These words leave the radical open."
        carried = int((self.reader.ranked(x_0.cpu(), num_ranks=1) == radical).sum())
        name, count = RADICAL_NAMES[radical - 1], f"{carried} of {len(x_0)}"
        return f"These words suggest the radical {name}; a small network that reads radicals sees it in {count}."
