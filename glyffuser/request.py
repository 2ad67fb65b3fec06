"""A request for glyphs, and its codec: the query of a link, and the settings inside a PNG.

Both formats carry everything that decides the pixels. They are versioned, and old versions can be read for ever:

- version 1 had no version number, no intervals in links (`INTERVALS_V1`, the defaults of its time), and no fingerprint
  of the checkpoint; before perturbed-attention guidance existed it had no `pag_*` keys, which means that it was off.
- version 2 has `v`, `guidance_interval`, `pag_interval` and `checkpoint`.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from glyffuser.config import MAX_SEED, InputError, SampleConfig

VERSION = 2
SCALARS = ("num_inference_steps", "guidance_scale", "pag_scale", "sampler")
INTERVALS = ("guidance_interval", "pag_interval")
INTERVALS_V1 = {"guidance_interval": (400, 999), "pag_interval": (500, 800)}
"""Intervals of every run before links carried them."""

FILE_STEM_LENGTH = 40
"""Characters; of four bytes each they leave room for number and seed in a name of 255 bytes."""

NEWER = "This run was drawn by a newer version of glyffuser, which this one cannot read."
NOT_A_RUN = "This picture was not drawn in a plain run, so it cannot be drawn again by one."


@dataclass(frozen=True)
class Request:
    """Glyphs to be drawn.

    Attributes:
        prompt: cleaned; "" samples without a prompt.
        seeds: one per glyph, counting up.
        config: sampler, steps and guidance.
        checkpoint: fingerprint of the checkpoint that drew it first; "" if unknown.
    """

    prompt: str
    seeds: list[int]
    config: SampleConfig
    checkpoint: str = ""

    @property
    def file_stem(self) -> str:
        """The prompt as part of a file name: letters, digits and pictographs of any script; other characters as "-"."""
        kept = (char if _is_kept_in_names(char) else " " for char in self.prompt[:FILE_STEM_LENGTH].lower())
        return "-".join("".join(kept).split())[:FILE_STEM_LENGTH] or ("unnamed" if self.prompt else "no-prompt")

    def single_glyphs(self) -> list["Request"]:
        """The requests that give each of its glyphs alone."""
        return [replace(self, seeds=[seed]) for seed in self.seeds]

    def with_checkpoint(self, fingerprint: str) -> "Request":
        """The same request, drawn by another checkpoint."""
        return replace(self, checkpoint=fingerprint)

    def to_query(self) -> str:
        """Query of a link that replays it; `read_query` is the inverse."""
        config = self.config
        return urlencode(
            {
                "v": VERSION,
                "prompt": self.prompt,
                "num_glyphs": len(self.seeds),
                **{name: getattr(config, name) for name in SCALARS},
                **{name: "-".join(map(str, getattr(config, name))) for name in INTERVALS},
                "seed": self.seeds[0],
                "checkpoint": self.checkpoint,
            }
        )

    def to_settings(self, **more: object) -> dict:
        """What a PNG keeps; `read_settings` is the inverse.

        Args:
            more: what else decided this picture, if it is none of a plain run; such a picture cannot be replayed.
        """
        config = self.config
        return {
            "version": VERSION,
            "prompt": self.prompt,
            "seeds": self.seeds,
            **{name: getattr(config, name) for name in (*SCALARS, *INTERVALS)},
            "checkpoint": self.checkpoint,
            **more,
        }


def count_up(seed: int, num_glyphs: int) -> list[int]:
    """Seeds of a run: counting up from the first, and on from 0 after the greatest."""
    return [(seed + i) % (MAX_SEED + 1) for i in range(num_glyphs)]


def read_query(query: Mapping[str, str], defaults: Mapping[str, object]) -> dict[str, Any]:
    """Fields of the request in a link of any version, unchecked.

    Args:
        query: of the link; unknown keys are ignored.
        defaults: what the link leaves open: num_glyphs, seed and the `SCALARS`.

    Returns:
        prompt, num_glyphs, seed, the `SCALARS`, the `INTERVALS` as pairs, and checkpoint. Numbers are numbers where the
        text is one, else the text.

    Raises:
        InputError: for a later version.
    """
    version = _number(query.get("v", 1))
    if version not in (1, VERSION):
        raise InputError("request_newer", NEWER)
    is_complete = all(name in query for name in ("num_glyphs", "seed", *SCALARS) if name != "pag_scale")
    before_pag = {"pag_scale": 0.0} if version == 1 and is_complete else {}
    known = dict(defaults) | before_pag
    return {
        "prompt": query.get("prompt", ""),
        "checkpoint": query.get("checkpoint", ""),
        **{name: _number(query.get(name, known[name])) for name in ("num_glyphs", "seed", *SCALARS)},
        **{name: _pair(query[name]) if name in query else INTERVALS_V1[name] for name in INTERVALS},
    }


def read_settings(settings: object) -> dict[str, Any]:
    """Fields of the request in the settings of a PNG of any version, unchecked but for their types.

    Returns:
        As `read_query`.

    Raises:
        InputError: if the picture is of a later version, not of a plain run, or damaged.
    """
    if not isinstance(settings, dict):
        raise InputError("request_not_a_run", NOT_A_RUN)
    version = settings.get("version", 1)
    if version not in (1, VERSION):
        raise InputError("request_newer", NEWER)
    before_pag = {"pag_scale": 0.0, "pag_interval": INTERVALS_V1["pag_interval"]}
    fields = before_pag | settings if version == 1 and not before_pag.keys() & settings.keys() else settings
    expected = {"prompt", "seeds", *SCALARS, *INTERVALS} | ({"version", "checkpoint"} if version == VERSION else set())
    if fields.keys() != expected:
        raise InputError("request_not_a_run", NOT_A_RUN)
    prompt, seeds = fields["prompt"], fields["seeds"]
    if not (isinstance(prompt, str) and isinstance(seeds, list) and seeds):
        raise InputError("settings_damaged", "The glyffuser settings in this picture are damaged.")
    if all(type(seed) is int for seed in seeds) and seeds != count_up(seeds[0], len(seeds)):
        raise InputError(
            "request_seeds", "The seeds of this picture do not count up, so they cannot be drawn as one run."
        )
    return {
        "prompt": prompt,
        "num_glyphs": len(seeds),
        "seed": seeds[0],
        "checkpoint": fields.get("checkpoint", ""),
        **{name: fields[name] for name in (*SCALARS, *INTERVALS)},
    }


def _is_kept_in_names(char: str) -> bool:
    """Letters with their marks, digits, and symbols beyond ASCII, whose own (such as < and |) have other meanings."""
    kind = unicodedata.category(char)[0]
    return kind in "LMN" or (kind == "S" and not char.isascii())


def _pair(text: str) -> list[object]:
    """The two ends of an interval as a link spells it, such as "400-999"."""
    return [_number(part) for part in text.split("-", 1)]


def _number(text: object) -> object:
    """The number that a text stands for, else what was given."""
    if not isinstance(text, str):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
