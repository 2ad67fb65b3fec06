"""Everything that is measured of one checkpoint, part by part."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.glyphs import draw
from glyffuser.evaluation.distances import Distance, distance
from glyffuser.evaluation.hits import Hits, accuracy, held_out_hits, probe
from glyffuser.evaluation.novelty import Novelty, neighbours, novelty, to_points
from glyffuser.radicals import RadicalClassifier
from glyffuser.evaluation.samples import SampleStore
from glyffuser.evaluation.strokes import Strokes, strokes
from glyffuser.evaluation.text_classifier import text_accuracy
from glyffuser.images import tile, x_0_to_uint8
from glyffuser.text import MAX_PROMPT_LENGTH

NUM_PAIRS = 12
"""Generated glyphs with their nearest real ones in the picture."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        config: sampler, steps and guidance wherever they are not what is varied.
        probe_seeds: glyphs a word in the probe.
        sweep_seeds: glyphs a word for each guidance scale and each number of steps.
        guidance_scales: those tried.
        steps: those tried.
        num_glyphs: generated glyphs that are compared with real ones; at most half of the training characters.
    """

    config: SampleConfig = field(default_factory=SampleConfig)
    probe_seeds: int = 16
    sweep_seeds: int = 4
    guidance_scales: tuple[float, ...] = (1, 2, 3, 5, 7.5, 10)
    steps: tuple[int, ...] = (1, 5, 10, 25, 50, 120)
    num_glyphs: int = 1000


QUICK = {"probe_seeds": 2, "sweep_seeds": 1, "guidance_scales": (1, 5, 10), "steps": (1, 10, 25), "num_glyphs": 108}


@dataclass(frozen=True)
class SweepRow:
    """The probe under one setting."""

    guidance_scale: float
    num_inference_steps: int
    hits: Hits
    strokes: Strokes


@dataclass
class ScoreSheet:
    """What was measured; None where a part was not asked for.

    Attributes:
        checkpoint: digest of its files.
        dtype: what the network computes in.
        plan: how much was measured.
        reader_accuracy: share of held-out real glyphs that the radical reader reads right.
        real_strokes: of real glyphs, next to which generated ones are judged.
        probe: hits over all glyphs of the 36 words.
        words: hits of each word.
        probe_strokes: of the glyphs of the 36 words.
        guidance: the probe by guidance scale.
        steps: the probe by number of steps.
        held_out: hits on definitions that the model has never met.
        held_out_shuffled: the same with radicals dealt out anew: the floor.
        held_out_text: accuracy of a classifier of the words alone, for comparison; first answer only.
        num_held_out: definitions asked.
        likeness: distance of generated glyphs to real ones.
        likeness_floor: distance of as many real glyphs to the same real ones.
        glyph_strokes: of the glyphs compared.
        novelty: of the glyphs compared.
    """

    checkpoint: str
    dtype: str
    plan: Plan
    reader_accuracy: float
    real_strokes: Strokes
    probe: Hits | None = None
    words: dict[str, Hits] | None = None
    probe_strokes: Strokes | None = None
    guidance: list[SweepRow] | None = None
    steps: list[SweepRow] | None = None
    held_out: Hits | None = None
    held_out_shuffled: Hits | None = None
    held_out_text: float | None = None
    num_held_out: int | None = None
    likeness: Distance | None = None
    likeness_floor: Distance | None = None
    glyph_strokes: Strokes | None = None
    novelty: Novelty | None = None


class Evaluation:
    """Measures parts of a score sheet; pictures are kept by name in `pictures`, uint8 (height, width)."""

    def __init__(
        self, store: SampleStore, reader: RadicalClassifier, characters: Sequence[Character], plan: Plan
    ) -> None:
        self.store = store
        self.reader = reader
        self.characters = characters
        self.plan = plan
        self.pictures = {}
        self._train = [c for c in characters if c.split == "train"]
        random.Random(0).shuffle(self._train)
        if 2 * plan.num_glyphs > len(self._train):
            raise ValueError(f"there are {len(self._train)} characters; compare at most half as many glyphs")

    def measure(self, parts: Sequence[str]) -> ScoreSheet:
        """The score sheet with the parts of `PARTS` that are named."""
        held_out = [c for c in self.characters if c.split == "held-out"]
        sheet = ScoreSheet(
            checkpoint=self.store.digest,
            dtype=self.store.dtype,
            plan=self.plan,
            reader_accuracy=accuracy(self.reader, held_out),
            real_strokes=strokes(draw(self._train[: self.plan.num_glyphs])),
        )
        for part in parts:
            PARTS[part](self, sheet)
        return sheet

    def measure_probe(self, sheet: ScoreSheet) -> None:
        """The 36 words."""
        found = probe(self.store, self.reader, self.plan.config, self.plan.probe_seeds)
        sheet.probe, sheet.words, sheet.probe_strokes = found.hits, found.words, strokes(found.x_0)
        self.pictures["probe"] = tile(x_0_to_uint8(found.x_0[: len(found.words)]), columns=9)

    def measure_guidance(self, sheet: ScoreSheet) -> None:
        """The 36 words by guidance scale."""
        sheet.guidance = [self._sweep(guidance_scale=scale) for scale in self.plan.guidance_scales]

    def measure_steps(self, sheet: ScoreSheet) -> None:
        """The 36 words by number of steps."""
        sheet.steps = [self._sweep(num_inference_steps=steps) for steps in self.plan.steps]

    def measure_held_out(self, sheet: ScoreSheet) -> None:
        """Definitions that the model has never met, between chance and what the words alone tell."""
        found = held_out_hits(self.store, self.reader, self.plan.config, self.characters)
        sheet.held_out, sheet.held_out_shuffled, sheet.num_held_out = found.hits, found.shuffled, found.number
        sheet.held_out_text = text_accuracy(self.store.pipeline.text_encoder, self.characters)

    def measure_likeness(self, sheet: ScoreSheet) -> None:
        """Generated against real glyphs, and other real glyphs against the same."""
        generated, number = self._generated(), self.plan.num_glyphs
        asked, others = (
            self.reader.all_features(draw(part)) for part in (self._train[:number], self._train[number : 2 * number])
        )
        sheet.likeness = distance(self.reader.all_features(generated), others)
        sheet.likeness_floor = distance(asked, others)
        sheet.glyph_strokes = strokes(generated)

    def measure_novelty(self, sheet: ScoreSheet) -> None:
        """How far generated glyphs are from every real one."""
        generated, points = self._generated(), to_points(draw(self.characters))
        index = {character.codepoint: i for i, character in enumerate(self.characters)}
        own = torch.tensor([index[c.codepoint] for c in self._train[: self.plan.num_glyphs]])
        near = neighbours(to_points(generated), points)
        sheet.novelty = novelty(near, neighbours(points[own], points, own))
        closest = near.first.argsort()[:NUM_PAIRS]
        pairs = torch.cat([generated[closest], draw([self.characters[i] for i in near.nearest[closest]])])
        self.pictures["nearest"] = tile(x_0_to_uint8(pairs), columns=len(closest))

    def _generated(self) -> torch.Tensor:
        """One glyph for the definition of each of the first characters of a random order."""
        definitions = [c.definition[:MAX_PROMPT_LENGTH] for c in self._train[: self.plan.num_glyphs]]
        return self.store.glyphs(definitions, list(range(len(definitions))), self.plan.config, "definitions")

    def _sweep(self, **setting) -> SweepRow:
        config = replace(self.plan.config, **setting)
        name = ", ".join(f"{key} {value:g}" for key, value in setting.items())
        found = probe(self.store, self.reader, config, self.plan.sweep_seeds, name)
        return SweepRow(config.guidance_scale, config.num_inference_steps, found.hits, strokes(found.x_0))


PARTS: dict[str, Callable[[Evaluation, ScoreSheet], None]] = {
    "probe": Evaluation.measure_probe,
    "guidance": Evaluation.measure_guidance,
    "steps": Evaluation.measure_steps,
    "held-out": Evaluation.measure_held_out,
    "likeness": Evaluation.measure_likeness,
    "novelty": Evaluation.measure_novelty,
}
"""What can be measured, by name."""
