"""One visitor's run: what was asked for, checked, and the frames that the player draws."""

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import torch

from glyffuser.config import MAX_SEED, SampleConfig
from glyffuser.diffusion import SAMPLERS, Frame
from glyffuser.images import encode_jpeg, encode_png, grid_columns, tile, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.sample import file_stem, settings_of
from glyffuser.text import clean_prompt
from glyffuser.ui.components.frame_player import data_url

MAX_GLYPHS = 16
NUM_GLYPHS = [1, 4, 9, 16]
"""Those that the page offers."""
MAX_STEPS = 120
MAX_GUIDANCE_SCALE = 20
MAX_PAG_SCALE = 10
SETTINGS = ("num_inference_steps", "guidance_scale", "pag_scale", "sampler")
"""Those of a `SampleConfig` that a visitor sets, in the order of `Request.check`."""
MAX_FRAMES_PER_SECOND = 12
"""More than this the browser cannot show, and a stream has no back-pressure."""


Place = Callable[[torch.Tensor], tuple[np.ndarray, np.ndarray]]
"""Glyphs (batch, 1, 128, 128) -> where each belongs on the map (batch, 2), and the index of its nearest real one."""

Judge = Callable[[str, torch.Tensor], str]
"""Prompt, finished glyphs (batch, 1, 128, 128) -> what there is to say of them."""


@dataclass(frozen=True)
class Request:
    """A checked order for glyphs.

    Attributes:
        prompt: cleaned; "" samples without a prompt.
        seeds: one per glyph, counting up from the visitor's (and on from 0 after the greatest).
        config: sampler, steps and guidance.
    """

    prompt: str
    seeds: list[int]
    config: SampleConfig

    @classmethod
    def check(
        cls,
        prompt: str,
        num_glyphs: int,
        num_inference_steps: int,
        guidance_scale: float,
        pag_scale: float,
        sampler: str,
        seed: int | None,
    ) -> "Request":
        """Make an order of what a visitor or a program sent.

        Args:
            prompt: an English definition.
            num_glyphs: 1 to 16.
            num_inference_steps: 1 to 120.
            guidance_scale: 1 (off) to 20.
            pag_scale: perturbed-attention guidance, 0 (off) to 10.
            sampler: a key of `glyffuser.diffusion.SAMPLERS`.
            seed: of the first glyph; drawn at random when None.

        Raises:
            ValueError: with one sentence that a visitor can act on.
        """
        seed = random_seed() if seed is None else in_range("Seed", seed, 0, MAX_SEED)
        num_glyphs = in_range("Number of glyphs", num_glyphs, 1, MAX_GLYPHS)
        if not isinstance(sampler, str) or sampler not in SAMPLERS:
            raise ValueError(f"Sampler must be one of {', '.join(SAMPLERS)}; got {sampler!r}.")
        config = SampleConfig(
            num_inference_steps=in_range("Steps", num_inference_steps, 1, MAX_STEPS),
            guidance_scale=in_range("Guidance", guidance_scale, 1, MAX_GUIDANCE_SCALE, float),
            pag_scale=in_range("Perturbed-attention guidance", pag_scale, 0, MAX_PAG_SCALE, float),
            sampler=sampler,
        )
        return cls(clean_prompt(prompt or ""), [(seed + i) % (MAX_SEED + 1) for i in range(num_glyphs)], config)

    @classmethod
    def from_query(cls, query: Mapping[str, str | float]) -> "Request":
        """Make an order of what `query` wrote, or of what somebody made of it.

        Args:
            query: all that `check` asks for, by name, as text or as it is; other keys are passed over.

        Raises:
            ValueError: with one sentence that a visitor can act on.
        """
        return cls.check(query["prompt"], **{name: _number(query[name]) for name in ("num_glyphs", *SETTINGS, "seed")})

    @classmethod
    def from_settings(cls, settings: dict) -> "Request":
        """Make an order of what a PNG of ours remembers.

        Args:
            settings: from `glyffuser.images.read_settings`.

        Raises:
            ValueError: with one sentence that a visitor can act on.
        """
        known = json.loads(json.dumps(settings_of("", [0], SampleConfig())))
        of_a_run = isinstance(settings, dict) and settings.keys() == known.keys()
        fixed = ("guidance_interval", "pag_interval")
        if not of_a_run or any(settings[name] != known[name] for name in fixed):
            raise ValueError("This picture was not drawn in a plain run, so Generate cannot draw it again.")
        prompt, seeds = settings["prompt"], settings["seeds"]
        if not (isinstance(prompt, str) and isinstance(seeds, list) and seeds):
            raise ValueError("The settings in this picture are damaged.")
        request = cls.check(prompt, len(seeds), *(settings[name] for name in SETTINGS), seeds[0])
        if request.seeds != seeds:
            raise ValueError("The seeds of this picture do not count up, so Generate cannot draw it again.")
        return request

    def query(self) -> str:
        """What comes after the question mark of a link to this order; `from_query` reads it."""
        return urlencode(
            {
                "prompt": self.prompt,
                "num_glyphs": len(self.seeds),
                **{name: getattr(self.config, name) for name in SETTINGS},
                "seed": self.seeds[0],
            }
        )


def default_num_glyphs(device: torch.device) -> int:
    """Glyphs a run: what a visitor waits for in seconds."""
    return 4 if device.type == "cpu" else 16


def default_num_steps(device: torch.device) -> int:
    """Steps a run: what a visitor waits for in seconds."""
    return 25 if device.type == "cpu" else 50


def random_seed() -> int:
    """A seed short enough to be read out."""
    return secrets.randbelow(1_000_000)


def stream_frames(
    pipeline: GlyffuserPipeline,
    request: Request,
    place: Place | None = None,
    judge: Judge | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict]:
    """Denoise and yield what the player draws: pure noise first, at most 12 frames a second, always the last.

    Args:
        pipeline: a loaded model.
        request: what to draw.
        place: if given, each frame says where the model's guesses lie on the map.
        judge: if given, has its say in the last frame.
        clock: seconds, for the throttle.

    Yields:
        Dicts of strings and numbers as `glyffuser.ui.components.frame_player.build_frame_player` tells of them.
    """
    base = {
        "run": uuid.uuid4().hex,
        "label": request.prompt,
        "seeds": request.seeds,
        "num_glyphs": len(request.seeds),
        "columns": grid_columns(len(request.seeds)),
        "num_steps": request.config.num_inference_steps,
    }
    noise, _ = initial_noise(request.seeds)
    yield base | {
        "state": "running",
        "step": 0,
        "timestep": None,
        "next_timestep": len(pipeline.scheduler.alphas_cumprod) - 1,
        "x_t": grid_as_jpeg(noise),
        "pred_x_0": None,
    }
    throttle = Throttle(clock)
    for frame in pipeline.stream([request.prompt] * len(request.seeds), request.seeds, request.config):
        if frame.step == frame.num_inference_steps:
            note = judge(request.prompt, frame.x_t) if judge else ""
            yield base | _finished(frame, request) | _placed(frame.x_t, place) | {"note": note}
        elif throttle.is_due():
            yield base | _running(frame) | _placed(frame.pred_x_0, place)


class Throttle:
    """Says when the next frame may be sent."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: seconds.
        """
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """Whether a frame's time has passed since the last that was due."""
        now = self._clock()
        if now - self._last < 1 / MAX_FRAMES_PER_SECOND:
            return False
        self._last = now
        return True


def _running(frame: Frame) -> dict:
    return {
        "state": "running",
        "step": frame.step,
        "timestep": frame.timestep,
        "next_timestep": frame.next_timestep,
        "x_t": grid_as_jpeg(frame.x_t),
        "pred_x_0": grid_as_jpeg(frame.pred_x_0),
    }


def _placed(x_0: torch.Tensor, place: Place | None) -> dict:
    if place is None:
        return {}
    places, nearest = place(x_0)
    return {"places": places.round(4).tolist(), "nearest": nearest.tolist()}


def _finished(frame: Frame, request: Request) -> dict:
    """The last frame, without loss, and the pictures to keep: the grid and each glyph, settings inside."""
    glyphs = x_0_to_uint8(frame.x_t)

    def png(pixels: np.ndarray, seeds: list[int]) -> bytes:
        return encode_png(pixels, settings_of(request.prompt, seeds, request.config))

    grid = png(tile(glyphs), request.seeds)
    singles = [png(glyph, [seed]) for glyph, seed in zip(glyphs, request.seeds, strict=True)]
    stem = f"glyffuser-{file_stem(request.prompt)}"
    return {
        "state": "done",
        "step": frame.step,
        "timestep": frame.timestep,
        "next_timestep": frame.next_timestep,
        "x_t": data_url(grid, "image/png"),
        "pred_x_0": data_url(encode_png(tile(x_0_to_uint8(frame.pred_x_0))), "image/png"),
        "downloads": [data_url(picture, "image/png") for picture in [grid, *singles]],
        "download_names": [f"{stem}.png", *(f"{stem}-{seed}.png" for seed in request.seeds)],
        "query": request.query(),
    }


def grid_as_jpeg(x: torch.Tensor, columns: int | None = None) -> str:
    """A frame of glyphs (batch, 1, 128, 128), laid out by `tile`, as the player takes it: small, with slight losses."""
    return data_url(encode_jpeg(tile(x_0_to_uint8(x), columns)), "image/jpeg")


def _number(text: str | float) -> float | str:
    """The number that a text stands for, else what was given."""
    if not isinstance(text, str):
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def in_range(name: str, value: float, low: float, high: float, kind: type = int) -> float:
    """A number that a visitor or a program sent, checked.

    Args:
        name: what the sentence calls it.
        value: anything.
        low: the least that is allowed.
        high: the most.
        kind: int or float.

    Raises:
        ValueError: with one sentence that a visitor can act on.
    """
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number != value or not low <= number <= high:
        whole = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} must be {whole} from {low} to {high}; got {value!r}.")
    return number
