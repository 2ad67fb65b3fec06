"""A score sheet to read: Markdown, JSON and pictures."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from glyffuser.evaluation.hits import Hits
from glyffuser.evaluation.novelty import COPY_QUANTILE, HALF_QUANTILE
from glyffuser.evaluation.score_sheet import ScoreSheet, SweepRow
from glyffuser.evaluation.strokes import Strokes
from glyffuser.images import encode_png

PICTURES = {
    "probe": "One glyph of each of the 36 words, in the order of the table.",
    "nearest": "The generated glyphs nearest to real ones, each above its real one.",
}


def write_report(sheet: ScoreSheet, pictures: dict[str, np.ndarray], folder: Path) -> None:
    """Write `scores.json`, `scores.md` and one PNG per picture.

    Raises:
        OSError: if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(
        json.dumps(dataclasses.asdict(sheet), indent=1, allow_nan=False), encoding="utf-8"
    )
    (folder / "scores.md").write_text(to_markdown(sheet, sorted(pictures)), encoding="utf-8")
    for name, pixels in pictures.items():
        (folder / f"{name}.png").write_bytes(encode_png(pixels))


def to_markdown(sheet: ScoreSheet, pictures: list[str]) -> str:
    """The score sheet as Markdown, with links to the pictures."""
    config = sheet.plan.config
    (first, last), (pag_first, pag_last) = config.guidance_interval, config.pag_interval
    parts = [
        "# Score sheet",
        f"Checkpoint {sheet.checkpoint}, computed in {sheet.dtype}. Unless a table says otherwise: {config.sampler}, "
        f"{config.num_inference_steps} steps, guidance {config.guidance_scale:g} from timestep {last} to {first}, "
        f"perturbed-attention guidance {config.pag_scale:g} from {pag_last} to {pag_first}. The radical reader reads "
        f"{sheet.reader_accuracy:.3f} of held-out real glyphs right.",
        *_probe(sheet),
        *_sweep("By guidance scale", "guidance", sheet.guidance, sheet.real_strokes),
        *_sweep("By number of steps", "steps", sheet.steps, sheet.real_strokes),
        *_held_out(sheet),
        *_likeness(sheet),
        *_novelty(sheet),
        *_strokes(sheet),
        *(f"![{PICTURES[name]}]({name}.png)\n\n{PICTURES[name]}" for name in pictures),
    ]
    return "\n\n".join(parts) + "\n"


def _probe(sheet: ScoreSheet) -> list[str]:
    if sheet.probe is None:
        return []
    words = [[word, f"{rate.top_1:.2f}", f"{rate.top_3:.2f}"] for word, rate in sheet.words.items()]
    return [
        "## Thirty-six words",
        f"Each names a radical; {sheet.plan.probe_seeds} glyphs a word. The reader names that radical first in "
        f"**{sheet.probe.top_1:.3f}** of them, among its first three in **{sheet.probe.top_3:.3f}**.",
        _table(["word", "first", "first three"], words),
    ]


def _sweep(title: str, name: str, rows: list[SweepRow] | None, real: Strokes) -> list[str]:
    if rows is None:
        return []
    cells = [
        [
            f"{row.guidance_scale if name == 'guidance' else row.num_inference_steps:g}",
            *_rates(row.hits),
            f"{row.strokes.ink:.3f}",
            f"{row.strokes.grey / real.grey:.2f}",
            f"{row.strokes.speckle:.4f}",
            f"{row.strokes.blanks:.3f}",
        ]
        for row in rows
    ]
    header = [name, "first", "first three", "ink", "grey, to real", "speckle", "blanks"]
    return [f"## {title}", _table(header, cells)]


def _held_out(sheet: ScoreSheet) -> list[str]:
    if sheet.held_out is None:
        return []
    return [
        "## Definitions never met",
        f"{sheet.num_held_out} held-out definitions, one glyph each: does it hold the radical of the real character?",
        _table(
            ["", "first", "first three"],
            [
                ["radicals dealt out anew (floor)", *_rates(sheet.held_out_shuffled)],
                ["**generated glyphs**", *_rates(sheet.held_out)],
                ["a classifier of the words alone, for comparison", f"{sheet.held_out_text:.3f}", ""],
            ],
        ),
    ]


def _likeness(sheet: ScoreSheet) -> list[str]:
    if sheet.likeness is None:
        return []
    return [
        "## Likeness",
        f"{sheet.plan.num_glyphs} glyphs against as many real ones, in the features of the radical reader.",
        _table(
            ["", "Fréchet distance", "kernel distance"],
            [
                ["**generated glyphs**", f"{sheet.likeness.frechet:.2f}", f"{sheet.likeness.kernel:.4f}"],
                ["other real glyphs", f"{sheet.likeness_floor.frechet:.2f}", f"{sheet.likeness_floor.kernel:.4f}"],
            ],
        ),
    ]


def _novelty(sheet: ScoreSheet) -> list[str]:
    if sheet.novelty is None:
        return []
    new = sheet.novelty
    return [
        "## Novelty",
        f"{sheet.plan.num_glyphs} glyphs, prompted with definitions of the training data, against all real ones.",
        _table(
            ["", "generated", "real"],
            [
                [
                    "median distance to the nearest real glyph",
                    f"{new.nearest_median:.3f}",
                    f"{new.real_nearest_median:.3f}",
                ],
                [f"nearer than {COPY_QUANTILE:.0%} of the real", f"{new.below_quantile:.3f}", f"{COPY_QUANTILE:.3f}"],
                ["nearest less than a third as far as the second", f"{new.below_ratio:.3f}", ""],
                ["**copies**: one or the other", f"{new.copies:.3f}", f"{new.real_copies:.3f}"],
                [
                    f"both halves within the real {HALF_QUANTILE:.0%}",
                    f"{new.halves_inside:.3f}",
                    f"{HALF_QUANTILE:.3f}",
                ],
            ],
        ),
    ]


def _strokes(sheet: ScoreSheet) -> list[str]:
    measured = {
        "real glyphs": sheet.real_strokes,
        "the 36 words": sheet.probe_strokes,
        "definitions": sheet.glyph_strokes,
    }
    rows = [
        [name, f"{s.ink:.3f}", f"{s.grey:.4f}", f"{s.grey / sheet.real_strokes.grey:.2f}", f"{s.speckle:.4f}",
         f"{s.paper_tint:.4f}", f"{s.blanks:.3f}"]
        for name, s in measured.items() if s is not None
    ]  # fmt: skip
    header = ["", "ink", "grey", "grey, to real", "speckle", "paper tint", "blanks"]
    return ["## Strokes and paper", _table(header, rows)]


def _rates(hits: Hits) -> list[str]:
    return [f"{hits.top_1:.3f}", f"{hits.top_3:.3f}"]


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows])
