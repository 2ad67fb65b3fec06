"""A request for glyphs, and its codec: the query of a link, and the settings inside a PNG.

Both formats carry everything that decides the pixels. They are versioned, and old versions can be read for ever:

- version 1 had no version number, no intervals in links (`INTERVALS_V1`, the defaults of its time), and no fingerprint
  of the checkpoint; before perturbed-attention guidance existed it had no `pag_*` keys, which means that it was off.
- version 2 has `v`, `guidance_interval`, `pag_interval` and `checkpoint`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from glyffuser.config import MAX_SEED, SampleConfig

VERSION = 2
SCALARS = ("num_inference_steps", "guidance_scale", "pag_scale", "sampler")
INTERVALS = ("guidance_interval", "pag_interval")
INTERVALS_V1 = {"guidance_interval": (400, 999), "pag_interval": (500, 800)}
"""Intervals of every run before links carried them."""


class RequestError(ValueError):
    """A link or PNG that is no request.

    Attributes:
        reason: "newer" (a later version), "not-a-run" (another kind of picture), "damaged", or "seeds" (they do not
            count up).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"these settings cannot be used: {reason}")
        self.reason = reason


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
        """The prompt as part of a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.prompt.lower()).strip("-")[:40] or "no-prompt"

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


def read_query(query: Mapping[str, str], defaults: Mapping[str, object]) -> dict[str, object]:
    """Fields of the request in a link of any version, unchecked.

    Args:
        query: of the link; unknown keys are ignored.
        defaults: what the link leaves open: num_glyphs, seed and the `SCALARS`.

    Returns:
        prompt, num_glyphs, seed, the `SCALARS`, the `INTERVALS` as pairs, and checkpoint. Numbers are numbers where the
        text is one, else the text.

    Raises:
        RequestError: for a later version.
    """
    version = _number(query.get("v", 1))
    if version not in (1, VERSION):
        raise RequestError("newer")
    is_complete = all(name in query for name in ("num_glyphs", "seed", *SCALARS) if name != "pag_scale")
    before_pag = {"pag_scale": 0.0} if version == 1 and is_complete else {}
    known = dict(defaults) | before_pag
    return {
        "prompt": query.get("prompt", ""),
        "checkpoint": query.get("checkpoint", ""),
        **{name: _number(query.get(name, known[name])) for name in ("num_glyphs", "seed", *SCALARS)},
        **{name: _pair(query[name]) if name in query else INTERVALS_V1[name] for name in INTERVALS},
    }


def read_settings(settings: object) -> dict[str, object]:
    """Fields of the request in the settings of a PNG of any version, unchecked but for their types.

    Returns:
        As `read_query`.

    Raises:
        RequestError: if the picture is of a later version, not of a plain run, or damaged.
    """
    if not isinstance(settings, dict):
        raise RequestError("not-a-run")
    version = settings.get("version", 1)
    if version not in (1, VERSION):
        raise RequestError("newer")
    before_pag = {"pag_scale": 0.0, "pag_interval": INTERVALS_V1["pag_interval"]}
    fields = before_pag | settings if version == 1 and not before_pag.keys() & settings.keys() else settings
    expected = {"prompt", "seeds", *SCALARS, *INTERVALS} | ({"version", "checkpoint"} if version == VERSION else set())
    if fields.keys() != expected:
        raise RequestError("not-a-run")
    prompt, seeds = fields["prompt"], fields["seeds"]
    if not (isinstance(prompt, str) and isinstance(seeds, list) and seeds):
        raise RequestError("damaged")
    if all(type(seed) is int for seed in seeds) and seeds != count_up(seeds[0], len(seeds)):
        raise RequestError("seeds")
    return {
        "prompt": prompt,
        "num_glyphs": len(seeds),
        "seed": seeds[0],
        "checkpoint": fields.get("checkpoint", ""),
        **{name: fields[name] for name in (*SCALARS, *INTERVALS)},
    }


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
