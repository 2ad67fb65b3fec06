"""The parts of an evaluation, each of which measures one part of the score sheet."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.glyphs import render_glyphs
from glyffuser.evaluation import radical_accuracy
from glyffuser.evaluation.copies import copy_rates
from glyffuser.evaluation.distances import feature_distances
from glyffuser.evaluation.halves import blurred_pictures, half_distances, real_halves_share
from glyffuser.evaluation.samples import SampleStore
from glyffuser.evaluation.score_sheet import (
    DistanceScores,
    HeldOutScores,
    NewnessScores,
    Plan,
    ProbeScores,
    ScoreSheet,
    SweepRow,
)
from glyffuser.evaluation.strokes import stroke_stats
from glyffuser.evaluation.text_classifier import text_accuracy
from glyffuser.images import tile, x_0_to_uint8
from glyffuser.newness import Newness, NewnessMeasure
from glyffuser.projection import Projection
from glyffuser.radicals import RadicalClassifier
from glyffuser.text import MAX_PROMPT_LENGTH

NUM_PAIRS = 12
"""Generated glyphs that the picture "nearest" shows, those nearest to real ones."""


@dataclass
class Evaluation:
    """Measures the parts of a score sheet.

    Attributes:
        store: samples of the checkpoint.
        classifier: radical classifier.
        projection: principal components of the glyphs of `characters`, in the same order.
        characters: of both splits.
        plan: how much is measured.
        pictures: pictures of the measured parts by name, uint8 (height, width).

    Raises:
        ValueError: if the projection is of other characters, or the plan asks for too many glyphs.
    """

    store: SampleStore
    classifier: RadicalClassifier
    projection: Projection
    characters: Sequence[Character]
    plan: Plan
    pictures: dict[str, np.ndarray] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Shuffle the training characters: the first `num_glyphs` of them are the prompts."""
        if len(self.projection.coordinates) != len(self.characters):
            raise ValueError(
                f"the map has the principal components of {len(self.projection.coordinates)} glyphs, but there are "
                f"{len(self.characters)} characters; rebuild it with `make map`"
            )
        self._train = [character for character in self.characters if character.split == "train"]
        random.Random(0).shuffle(self._train)
        if 2 * self.plan.num_glyphs > len(self._train):
            raise ValueError(f"there are {len(self._train)} characters; compare at most half as many glyphs")

    def measure(self, parts: Sequence[str]) -> ScoreSheet:
        """Measure the named parts of `PARTS`."""
        held_out = [character for character in self.characters if character.split == "held-out"]
        radicals = [character.radical for character in held_out]
        scores: dict[str, Any] = {name.replace("-", "_"): PARTS[name](self) for name in parts}
        return ScoreSheet(
            checkpoint=self.store.fingerprint,
            dtype=self.store.dtype,
            plan=self.plan,
            classifier_accuracy=self.classifier.top_1_accuracy(render_glyphs(held_out), radicals),
            real_strokes=stroke_stats(render_glyphs(self._prompted)),
            **scores,
        )

    def probe(self) -> ProbeScores:
        """Measure the 36 probe words."""
        result = radical_accuracy.probe(self.store, self.classifier, self.plan.config, self.plan.probe_seeds)
        self.pictures["probe"] = tile(x_0_to_uint8(result.x_0[: len(result.words)]), columns=9)
        return ProbeScores(result.accuracy, result.words, stroke_stats(result.x_0))

    def guidance(self) -> list[SweepRow]:
        """Measure the probe words by guidance scale."""
        return [self._sweep_row(replace(self.plan.config, guidance_scale=scale)) for scale in self.plan.guidance_scales]

    def steps(self) -> list[SweepRow]:
        """Measure the probe words by number of steps."""
        return [self._sweep_row(replace(self.plan.config, num_inference_steps=steps)) for steps in self.plan.steps]

    def held_out(self) -> HeldOutScores:
        """Measure held-out definitions, between the shuffled-label baseline and a classifier of the text."""
        result = radical_accuracy.held_out(self.store, self.classifier, self.plan.config, self.characters)
        from_text = text_accuracy(self.store.pipeline.text_encoder, self.characters)
        return HeldOutScores(result.accuracy, result.shuffled, from_text, result.num_definitions)

    def distances(self) -> DistanceScores:
        """Compare the set of generated glyphs with real ones, and other real ones with the same."""
        generated = self._generated()
        others = self._train[self.plan.num_glyphs : 2 * self.plan.num_glyphs]
        of_generated, of_prompted, of_others = (
            self.classifier.extract_features(x_0)
            for x_0 in (generated, render_glyphs(self._prompted), render_glyphs(others))
        )
        return DistanceScores(
            generated=feature_distances(of_generated, of_others),
            real=feature_distances(of_prompted, of_others),
            strokes=stroke_stats(generated),
        )

    def newness(self) -> NewnessScores:
        """Compare each generated glyph with every real one."""
        generated = self._generated()
        measure = NewnessMeasure(self.projection, num_compared=None)
        found = measure(generated)
        self.pictures["nearest"] = self._nearest_pairs(generated, found)
        return NewnessScores(copy_rates(found), copy_rates(measure.of_real_glyphs()), self._real_halves(generated))

    @property
    def _prompted(self) -> list[Character]:
        """Characters whose definitions are the prompts of `_generated`."""
        return self._train[: self.plan.num_glyphs]

    def _generated(self) -> torch.Tensor:
        """One glyph per definition of the prompted characters: float32 (num_glyphs, 1, 128, 128)."""
        definitions = [character.definition[:MAX_PROMPT_LENGTH] for character in self._prompted]
        return self.store.glyphs(definitions, list(range(len(definitions))), self.plan.config, "definitions")

    def _sweep_row(self, config: SampleConfig) -> SweepRow:
        result = radical_accuracy.probe(self.store, self.classifier, config, self.plan.sweep_seeds)
        return SweepRow(config.guidance_scale, config.num_inference_steps, result.accuracy, stroke_stats(result.x_0))

    def _nearest_pairs(self, generated: torch.Tensor, newness: list[Newness]) -> np.ndarray:
        """The generated glyphs that are nearest to real ones, each above its real one."""
        closest = np.argsort([glyph.distance for glyph in newness], kind="stable")[:NUM_PAIRS]
        real = render_glyphs([self.characters[newness[i].nearest[0]] for i in closest])
        return tile(x_0_to_uint8(torch.cat([generated[closest], real])), columns=len(closest))

    def _real_halves(self, generated: torch.Tensor) -> float:
        """Share of generated glyphs with real halves; the limit is that of the prompted characters' own glyphs."""
        pictures = blurred_pictures(render_glyphs(self.characters))
        index = {character.codepoint: i for i, character in enumerate(self.characters)}
        own = torch.tensor([index[character.codepoint] for character in self._prompted])
        return real_halves_share(
            half_distances(blurred_pictures(generated), pictures), half_distances(pictures[own], pictures, own)
        )


PARTS: dict[str, Callable[[Evaluation], Any]] = {
    "probe": Evaluation.probe,
    "guidance": Evaluation.guidance,
    "steps": Evaluation.steps,
    "held-out": Evaluation.held_out,
    "distances": Evaluation.distances,
    "newness": Evaluation.newness,
}
"""The parts by name: the field of the score sheet, with a hyphen for its underscore."""
