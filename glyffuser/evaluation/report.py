"""The score sheet as a report: Markdown, JSON and pictures."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from glyffuser.evaluation.distances import Distances
from glyffuser.evaluation.halves import HALF_QUANTILE
from glyffuser.evaluation.radical_accuracy import RadicalAccuracy
from glyffuser.evaluation.score_sheet import (
    DistanceScores,
    HeldOutScores,
    NewnessScores,
    Plan,
    ProbeScores,
    ScoreSheet,
    SweepRow,
)
from glyffuser.evaluation.strokes import StrokeStats
from glyffuser.images import encode_png
from glyffuser.newness import COPY_SHARE

CAPTIONS = {
    "probe": "One glyph per word of the probe, in the order of the table.",
    "nearest": "The generated glyphs nearest to real ones, each above its real one.",
}
"""Captions of the pictures, by name."""


def write_report(sheet: ScoreSheet, pictures: dict[str, np.ndarray], folder: Path) -> None:
    """Write `scores.json`, `scores.md` and one PNG per picture.

    Args:
        sheet: the results.
        pictures: uint8 (height, width), by name.
        folder: folder to write.

    Raises:
        OSError: if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scores = json.dumps(dataclasses.asdict(sheet), indent=1, allow_nan=False)
    (folder / "scores.json").write_text(scores, encoding="utf-8")
    (folder / "scores.md").write_text(to_markdown(sheet, sorted(pictures)), encoding="utf-8")
    for name, pixels in pictures.items():
        (folder / f"{name}.png").write_bytes(encode_png(pixels))


def to_markdown(sheet: ScoreSheet, pictures: list[str]) -> str:
    """Format the score sheet as Markdown, with links to the named pictures."""
    paragraphs = ["# Score sheet", _settings(sheet)]
    if sheet.probe:
        paragraphs += _probe(sheet.probe, sheet.plan)
    if sheet.guidance:
        rows = [(row.guidance_scale, row) for row in sheet.guidance]
        paragraphs += ["## By guidance scale", _sweep_table("guidance", rows, sheet.real_strokes)]
    if sheet.steps:
        rows = [(row.num_inference_steps, row) for row in sheet.steps]
        paragraphs += ["## By number of steps", _sweep_table("steps", rows, sheet.real_strokes)]
    if sheet.held_out:
        paragraphs += _held_out(sheet.held_out)
    if sheet.distances:
        paragraphs += _distances(sheet.distances, sheet.plan)
    if sheet.newness:
        paragraphs += _newness(sheet.newness, sheet.plan)
    paragraphs += _strokes(sheet)
    paragraphs += [f"![{CAPTIONS[name]}]({name}.png)\n\n{CAPTIONS[name]}" for name in pictures]
    return "\n\n".join(paragraphs) + "\n"


def _settings(sheet: ScoreSheet) -> str:
    config = sheet.plan.config
    (first, last), (pag_first, pag_last) = config.guidance_interval, config.pag_interval
    return (
        f"Checkpoint {sheet.checkpoint}, computed in {sheet.dtype}. Unless a table says otherwise: {config.sampler}, "
        f"{config.num_inference_steps} steps (spacing: {config.spacing}), guidance {config.guidance_scale:g} from "
        f"timestep {last} to {first}, perturbed-attention guidance {config.pag_scale:g} from {pag_last} to "
        f"{pag_first}. The radical classifier has a top-1 accuracy of {sheet.classifier_accuracy:.3f} "
        "on held-out real glyphs."
    )


def _probe(scores: ProbeScores, plan: Plan) -> list[str]:
    rows = [[word, f"{accuracy.top_1:.2f}", f"{accuracy.top_3:.2f}"] for word, accuracy in scores.words.items()]
    return [
        "## Probe",
        f"{len(scores.words)} words, each the name of a radical; {plan.probe_seeds} glyphs per word. Radical accuracy: "
        f"top-1 **{scores.accuracy.top_1:.3f}**, top-3 **{scores.accuracy.top_3:.3f}**.",
        _table(["word", "top-1", "top-3"], rows),
    ]


def _sweep_table(setting: str, rows: list[tuple[float, SweepRow]], real: StrokeStats) -> str:
    cells = [
        [
            f"{value:g}",
            *_accuracy_cells(row.accuracy),
            f"{row.strokes.ink:.3f}",
            f"{row.strokes.grey / real.grey:.2f}",
            f"{row.strokes.speckle:.4f}",
            f"{row.strokes.blanks:.3f}",
        ]
        for value, row in rows
    ]
    return _table([setting, "top-1", "top-3", "ink", "grey / real", "speckle", "blanks"], cells)


def _held_out(scores: HeldOutScores) -> list[str]:
    return [
        "## Held-out definitions",
        f"{scores.num_definitions} held-out definitions, one glyph each: accuracy for the real character's radical.",
        _table(
            ["", "top-1", "top-3"],
            [
                ["shuffled-label baseline", *_accuracy_cells(scores.shuffled)],
                ["**generated glyphs**", *_accuracy_cells(scores.generated)],
                ["classifier of the definition alone", f"{scores.text_accuracy:.3f}", ""],
            ],
        ),
    ]


def _distances(scores: DistanceScores, plan: Plan) -> list[str]:
    def cells(distances: Distances) -> list[str]:
        return [f"{distances.frechet:.2f}", f"{distances.kernel:.4f}"]

    return [
        "## Distances to real glyphs",
        f"{plan.num_glyphs} glyphs and as many real ones, in the features of the radical classifier.",
        _table(
            ["", "Fréchet distance", "kernel distance (MMD)"],
            [["**generated glyphs**", *cells(scores.generated)], ["other real glyphs", *cells(scores.real)]],
        ),
    ]


def _newness(scores: NewnessScores, plan: Plan) -> list[str]:
    generated, real = scores.generated, scores.real
    return [
        "## Newness",
        f"{plan.num_glyphs} glyphs, prompted with definitions of the training data, and all real ones. Distances are "
        "those of principal components.",
        _table(
            ["", "generated", "real"],
            [
                ["median distance to the nearest real glyph", *_cells(generated.nearest_median, real.nearest_median)],
                [
                    f"nearest is nearer than for {1 - COPY_SHARE:.0%} of real glyphs",
                    *_cells(generated.by_distance, real.by_distance),
                ],
                ["nearest is less than a third as far as the second", *_cells(generated.by_ratio, real.by_ratio)],
                ["**copies**: either of the two", *_cells(generated.copies, real.copies)],
                [
                    f"both halves as near to real halves as for {HALF_QUANTILE:.0%} of real glyphs",
                    *_cells(scores.real_halves, HALF_QUANTILE),
                ],
            ],
        ),
    ]


def _strokes(sheet: ScoreSheet) -> list[str]:
    measured = {"real glyphs": sheet.real_strokes}
    if sheet.probe:
        measured["probe"] = sheet.probe.strokes
    if sheet.distances:
        measured["definitions"] = sheet.distances.strokes
    rows = [
        [
            name,
            f"{stats.ink:.3f}",
            f"{stats.grey:.4f}",
            f"{stats.grey / sheet.real_strokes.grey:.2f}",
            f"{stats.speckle:.4f}",
            f"{stats.paper_tint:.4f}",
            f"{stats.blanks:.3f}",
        ]
        for name, stats in measured.items()
    ]
    header = ["", "ink", "grey", "grey / real", "speckle", "paper tint", "blanks"]
    return ["## Strokes and paper", _table(header, rows)]


def _accuracy_cells(accuracy: RadicalAccuracy) -> list[str]:
    return _cells(accuracy.top_1, accuracy.top_3)


def _cells(*values: float) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows])
