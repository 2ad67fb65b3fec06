"""A request for glyphs, its check, and its codec: the query of a link, and the settings inside a PNG.

Both formats carry everything that decides the pixels. They are versioned, and old versions can be read for ever:

- version 1 had no version number, no intervals in links (`INTERVALS_V1`, the defaults of its time), and no fingerprint
  of the checkpoint; before perturbed-attention guidance existed it had no `pag_*` keys, which means that it was off.
- version 2 has `v`, `guidance_interval`, `pag_interval` and `checkpoint`; steps were evenly spaced.
- version 3 has `spacing`.
- version 4 has `network`.
"""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from glyffuser.checks import in_range, interval, one_of
from glyffuser.config import FAST_CONFIG, MAX_SEED, NETWORKS, InputError, SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.spacing import SPACINGS
from glyffuser.text import clean_prompt

MAX_GLYPHS = 16
MAX_STEPS = 120
MAX_GUIDANCE_SCALE = 20
MAX_PAG_SCALE = 10
VERSION = 4
SCALARS = ("num_inference_steps", "guidance_scale", "pag_scale", "sampler", "spacing", "network")
COMPLETE_V1 = ("num_glyphs", "seed", "num_inference_steps", "guidance_scale", "sampler")
SPACING_V2 = "even"
"""Spacing of every run before links carried it."""
NETWORK_V3 = "full"
"""Network of every run before links carried it."""

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


def check_request(
    prompt: str,
    num_glyphs: int,
    num_inference_steps: int,
    guidance_scale: float,
    pag_scale: float,
    sampler: str,
    seed: int | None,
    guidance_interval: tuple[int, int] = SampleConfig.guidance_interval,
    pag_interval: tuple[int, int] = SampleConfig.pag_interval,
    checkpoint: str = "",
    spacing: str = SampleConfig.spacing,
    network: str = SampleConfig.network,
) -> Request:
    """Make a request of what a visitor or a program sent: the one check of the page, its API, links, PNGs and command.

    Args:
        prompt: an English definition.
        num_glyphs: 1 to 16.
        num_inference_steps: 1 to 120.
        guidance_scale: 1 (off) to 20.
        pag_scale: perturbed-attention guidance, 0 (off) to 10.
        sampler: a key of `glyffuser.diffusion.SAMPLERS`.
        seed: of the first glyph; drawn at random when None, short enough to be read out.
        guidance_interval: first and last timestep with guidance, 0 to 999.
        pag_interval: first and last timestep with perturbed-attention guidance, 0 to 999.
        checkpoint: fingerprint of the checkpoint that drew it first.
        spacing: a key of `glyffuser.spacing.SPACINGS`.
        network: one of `glyffuser.config.NETWORKS`; the fast one draws as `FAST_CONFIG` says, whatever else is given.

    Raises:
        InputError: with one sentence that a visitor can act on.
    """
    first_seed = secrets.randbelow(1_000_000) if seed is None else in_range("seed", seed, 0, MAX_SEED)
    num_glyphs = in_range("num_glyphs", num_glyphs, 1, MAX_GLYPHS)
    config = SampleConfig(
        num_inference_steps=in_range("num_inference_steps", num_inference_steps, 1, MAX_STEPS),
        guidance_scale=in_range("guidance_scale", guidance_scale, 1, MAX_GUIDANCE_SCALE, float),
        pag_scale=in_range("pag_scale", pag_scale, 0, MAX_PAG_SCALE, float),
        sampler=one_of("sampler", sampler, SAMPLERS),
        guidance_interval=interval("guidance_interval", guidance_interval),
        pag_interval=interval("pag_interval", pag_interval),
        spacing=one_of("spacing", spacing, SPACINGS),
    )
    if one_of("network", network, NETWORKS) == FAST_CONFIG.network:
        config = FAST_CONFIG
    return Request(clean_prompt(prompt or ""), count_up(first_seed, num_glyphs), config, str(checkpoint)[:12])


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
    version = _checked_version(_number(query.get("v", 1)))
    is_complete = all(name in query for name in COMPLETE_V1)  # else it was typed, and gets today's defaults
    known = dict(defaults) | (_before(version) if is_complete else {})
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
    version = _checked_version(settings.get("version", 1))
    fields = _before(version) | settings
    expected = {"prompt", "seeds", *SCALARS, *INTERVALS} | ({"version", "checkpoint"} if version > 1 else set())
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


def _checked_version(version: object) -> int:
    if isinstance(version, int) and 1 <= version <= VERSION:
        return version
    raise InputError("request_newer", NEWER)


def _before(version: int) -> dict[str, Any]:
    """What every run had that an older version did not name."""
    before_pag = {"pag_scale": 0.0, "pag_interval": INTERVALS_V1["pag_interval"]} if version == 1 else {}
    before_spacing = {"spacing": SPACING_V2} if version < 3 else {}
    return before_pag | before_spacing | ({"network": NETWORK_V3} if version < 4 else {})


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
