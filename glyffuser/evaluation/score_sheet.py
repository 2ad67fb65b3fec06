"""The score sheet: what is measured, how much of it, and the results."""

from dataclasses import dataclass, field

from glyffuser.config import SampleConfig
from glyffuser.evaluation.copies import CopyRates
from glyffuser.evaluation.distances import Distances
from glyffuser.evaluation.radical_accuracy import RadicalAccuracy
from glyffuser.evaluation.strokes import StrokeStats


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        config: sampler, steps and guidance, except where they are varied.
        probe_seeds: glyphs per word in the probe.
        sweep_seeds: glyphs per word for each guidance scale and each number of steps.
        guidance_scales: scales to measure.
        steps: numbers of steps to measure.
        num_glyphs: generated glyphs that are compared with real ones; at most half of the training characters.
    """

    config: SampleConfig = field(default_factory=SampleConfig)
    probe_seeds: int = 16
    sweep_seeds: int = 4
    guidance_scales: tuple[float, ...] = (1, 2, 3, 5, 7.5, 10)
    steps: tuple[int, ...] = (1, 5, 10, 25, 50, 120)
    num_glyphs: int = 1000

    @classmethod
    def quick(cls, config: SampleConfig) -> "Plan":
        """A first impression from few glyphs."""
        return cls(config, probe_seeds=2, sweep_seeds=1, guidance_scales=(1, 5, 10), steps=(1, 10, 25), num_glyphs=108)


@dataclass(frozen=True)
class ProbeScores:
    """The 36 probe words.

    Attributes:
        accuracy: radical accuracy over all glyphs.
        words: radical accuracy of each word.
        strokes: of all glyphs.
    """

    accuracy: RadicalAccuracy
    words: dict[str, RadicalAccuracy]
    strokes: StrokeStats


@dataclass(frozen=True)
class SweepRow:
    """The 36 probe words with one setting."""

    guidance_scale: float
    num_inference_steps: int
    accuracy: RadicalAccuracy
    strokes: StrokeStats


@dataclass(frozen=True)
class HeldOutScores:
    """Held-out definitions that no training caption repeats.

    Attributes:
        generated: radical accuracy of generated glyphs.
        shuffled: the same with shuffled labels, as a baseline.
        text_accuracy: top-1 accuracy of a classifier that reads the definition alone, for comparison.
        num_definitions: number of definitions.
    """

    generated: RadicalAccuracy
    shuffled: RadicalAccuracy
    text_accuracy: float
    num_definitions: int


@dataclass(frozen=True)
class DistanceScores:
    """Distances between sets of glyphs, in the features of the radical classifier.

    Attributes:
        generated: generated glyphs and real ones.
        real: as many other real glyphs and the same real ones.
        strokes: of the generated glyphs.
    """

    generated: Distances
    real: Distances
    strokes: StrokeStats


@dataclass(frozen=True)
class NewnessScores:
    """Distances of single glyphs to their nearest real glyphs.

    Attributes:
        generated: copies among generated glyphs.
        real: copies among all real glyphs, each compared with the others.
        real_halves: share of generated glyphs whose halves are as near to real halves as those of 90 % of real glyphs.
    """

    generated: CopyRates
    real: CopyRates
    real_halves: float


@dataclass(frozen=True)
class ScoreSheet:
    """All results; None for a part that was not measured.

    Attributes:
        checkpoint: fingerprint of the checkpoint.
        dtype: number format that the U-net computed in.
        plan: how much was measured.
        classifier_accuracy: top-1 accuracy of the radical classifier on held-out real glyphs.
        real_strokes: of real glyphs, for comparison.
        probe: the 36 probe words.
        guidance: the probe words by guidance scale.
        steps: the probe words by number of steps.
        held_out: held-out definitions.
        distances: distances between sets of glyphs.
        newness: distances of single glyphs to their nearest real glyphs.
    """

    checkpoint: str
    dtype: str
    plan: Plan
    classifier_accuracy: float
    real_strokes: StrokeStats
    probe: ProbeScores | None = None
    guidance: list[SweepRow] | None = None
    steps: list[SweepRow] | None = None
    held_out: HeldOutScores | None = None
    distances: DistanceScores | None = None
    newness: NewnessScores | None = None
