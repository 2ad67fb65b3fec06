"""Runs on the visitor's own device: its files, the encoded prompt before a run, and what the data say of its glyphs.

The network runs in the browser (`components/own_device`). The server is asked twice a run: `begin` checks the fields of
the page and encodes the prompt, `finish` takes the finished glyphs. Both take milliseconds and wait in no queue.
"""

import base64
import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from diffusers import SchedulerMixin
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from glyffuser.checkpoint import FAST_CHECKPOINT, CheckpointError, file_sha256, find_graph, unet_weights_path
from glyffuser.config import FAST_CONFIG, GLYPH_SIZE, SampleConfig
from glyffuser.projection import PICTURE_SIZE
from glyffuser.prompts import PromptEncoding
from glyffuser.request import Request
from glyffuser.ui.components.own_device.vendor import RUNTIME, stored_path
from glyffuser.ui.context import AppContext
from glyffuser.ui.device_protocol import (
    DeviceBuild,
    DeviceConfig,
    DeviceFile,
    DeviceFiles,
    DeviceFindings,
    DeviceRun,
    EncodedPrompt,
    NoiseSchedule,
)
from glyffuser.ui.generation import card_of, note_on
from glyffuser.ui.static_files import PREFIX, StaticFiles
from glyffuser.ui.tabs.settings import request_of
from glyffuser.ui.text import say, sentence_of

BEGIN_URL = f"{PREFIX}/device/begin"
FINISH_URL = f"{PREFIX}/device/finish"
WAIT_URL = f"{PREFIX}/device/wait"

MAX_FIELDS_BYTES = 8_192
MAX_PREDICTIONS = 32
"""Predictions of a run whose positions on the map are asked for."""

MAX_OPEN_RUNS = 1_000
"""Runs that have begun and whose glyphs may still come."""

BEGINS_PER_SECOND, FINISHES_PER_SECOND = 20, 5
"""Of all visitors together; a prompt takes 15 ms, the glyphs of a run about 100 ms of one core."""


OF_FIELDS = 200
"""Status of an answer to fields that cannot be drawn: of others a browser says in its console that the page failed."""


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of the HTTP answer.
        sentence: for the visitor.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class RateLimit:
    """At most so many calls a second on average, twice as many at once."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            per_second: calls.
            clock: seconds.
        """
        self._per_second, self._clock = per_second, clock
        self._lock = threading.Lock()
        self._left, self._checked = 2 * per_second, clock()

    def take(self) -> None:
        """Count a call.

        Raises:
            RefusedError: if there were too many.
        """
        with self._lock:
            now = self._clock()
            self._left = min(2 * self._per_second, self._left + (now - self._checked) * self._per_second)
            self._checked = now
            if self._left < 1:
                raise RefusedError(429, say("errors.too_many"))
            self._left -= 1


class DeviceService:
    """The endpoints."""

    def __init__(self, context: AppContext, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            context: of the page.
            clock: seconds, for the rate limits.
        """
        self._context = context
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Request] = OrderedDict()
        self._begins, self._finishes = RateLimit(BEGINS_PER_SECOND, clock), RateLimit(FINISHES_PER_SECOND, clock)

    def routes(self) -> list[Route]:
        """Routes for the web server."""
        largest = (GLYPH_SIZE**2 + MAX_PREDICTIONS * PICTURE_SIZE**2) * 16
        return [
            Route(f"/{BEGIN_URL}", _endpoint(self.begin, MAX_FIELDS_BYTES), methods=["POST"]),
            Route(f"/{FINISH_URL}/{{run}}", _endpoint(self.finish, largest), methods=["POST"]),
            Route(f"/{WAIT_URL}", self.wait),
        ]

    async def wait(self, _: HttpRequest) -> JSONResponse:
        """Say how many seconds a run that is requested now waits for its turn on the server."""
        return JSONResponse({"seconds": round(self._context.line.wait_seconds(), 1)})

    def begin(self, body: bytes) -> DeviceRun:
        """Check a request and encode its prompt.

        Args:
            body: JSON list of the page's fields, prompt first, as of `request_of`.

        Raises:
            RefusedError: with one sentence that a visitor can act on.
        """
        request = self._context.drawn_here(_request_in(body))
        self._begins.take()
        prompt, null_prompt = self._context.pipeline.prompt_encoder([request.prompt, ""])
        run, card = uuid.uuid4().hex, card_of(request)
        with self._lock:
            self._open[run] = request
            while len(self._open) > MAX_OPEN_RUNS:
                self._open.popitem(last=False)
        return {
            "run": run,
            "label": card.label,
            "seeds": card.seeds,
            "columns": card.columns,
            "settings": [json.dumps(settings, ensure_ascii=False) for settings in card.settings],
            "file_names": card.file_names,
            "query": card.query,
            "config": device_config(request.config),
            "prompt": encoded(prompt),
            "null_prompt": encoded(null_prompt),
        }

    def finish(self, body: bytes, run: str) -> DeviceFindings:
        """Keep the finished glyphs of a run and say what the data know of them.

        Args:
            body: uint8 (glyphs, 128, 128), then the predictions on the way, uint8 (predictions, glyphs, 32, 32).
            run: from `begin`.

        Raises:
            RefusedError: if there is no such run, or it was finished before, or the glyphs are not as they should be.
        """
        self._finishes.take()
        with self._lock:
            request = self._open.get(run)
        if request is None:
            raise RefusedError(404, say("errors.glyph_gone"))
        glyphs, predictions = _pictures_in(body, len(request.seeds))
        with self._lock:
            if self._open.pop(run, None) is None:
                raise RefusedError(404, say("errors.glyph_gone"))
        self._context.finished.keep(run, request.prompt, glyphs)
        _, nearest = self._context.locate(glyphs)
        positions = [self._context.locate(each)[0].round(4).tolist() for each in predictions]  # of averaged pictures
        note = note_on(self._context, request.prompt, glyphs)
        return {"note": note, "positions": positions, "nearest": nearest.tolist()}


def encoded(encoding: PromptEncoding) -> EncodedPrompt:
    """A prompt as the browser gets it."""
    row = encoding.conditioning
    return {
        "num_tokens": row.encoder_hidden_states.shape[1],
        "encoder_hidden_states": _base64(row.encoder_hidden_states),
        "class_labels": _base64(row.class_labels),
        "prior": _base64(row.prior),
    }


def device_config(config: SampleConfig) -> DeviceConfig:
    """Sampler, steps and guidance as the browser gets them."""
    return {
        "num_inference_steps": config.num_inference_steps,
        "guidance_scale": config.guidance_scale,
        "sampler": config.sampler,
        "guidance_interval": list(config.guidance_interval),
        "pag_scale": config.pag_scale,
        "pag_interval": list(config.pag_interval),
        "spacing": config.spacing,
        "network": config.network,
    }


def noise_schedule(scheduler: SchedulerMixin) -> NoiseSchedule:
    """The noise schedule of training as the browser gets it."""
    config = scheduler.config
    return {
        "num_train_timesteps": config.num_train_timesteps,
        "beta_start": config.beta_start,
        "beta_end": config.beta_end,
        "prediction_type": config.prediction_type,
    }


def device_files(context: AppContext) -> dict[str, DeviceFiles]:
    """What the browser has to fetch for each network; nothing for one that cannot run there, or was never exported."""
    if not context.pipeline.name_or_path or context.pipeline.scheduler.config.beta_schedule != "linear":
        return {}
    folders = {SampleConfig.network: Path(context.pipeline.name_or_path)}
    if context.has_fast_network:
        folders[FAST_CONFIG.network] = FAST_CHECKPOINT
    found = {network: _files_of(network, folder, context.static_files) for network, folder in folders.items()}
    return {network: files for network, files in found.items() if files}


def _files_of(network: str, folder: Path, static_files: StaticFiles) -> DeviceFiles | None:
    try:
        graph = find_graph(folder)
    except CheckpointError:
        return None
    weights = unet_weights_path(folder)
    unet_url = static_files.serve(f"unet-{network}", weights.parent, (graph.suffix, weights.suffix))
    runtime_url = static_files.serve("onnxruntime", RUNTIME, (".mjs", ".gz"))
    return {
        "graph": _file(graph, unet_url),
        "weights": _file(weights, unet_url),
        "weights_name": weights.name,
        "wasm": _build("ort.wasm.min.mjs", "ort-wasm-simd-threaded", runtime_url),
        "jspi": _build("ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi", runtime_url),
    }


def _build(module: str, stem: str, url: str) -> DeviceBuild:
    return {
        "runtime_url": f"{url}/{module}",
        "loader_url": f"{url}/{stem}.mjs",
        "wasm": _file(stored_path(f"{stem}.wasm"), url),
    }


def _file(path: Path, url: str) -> DeviceFile:
    return {"url": f"{url}/{path.name}", "sha256": _sha256(path), "size": path.stat().st_size}


@cache
def _sha256(path: Path) -> str:
    return file_sha256(path)


def _request_in(body: bytes) -> Request:
    """The request that the page's fields ask for."""
    try:
        return request_of(*json.loads(body))
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError, IndexError, RecursionError) as error:
        raise RefusedError(OF_FIELDS, say("errors.run_failed")) from error
    except ValueError as error:  # a sentence for the visitor
        raise RefusedError(OF_FIELDS, sentence_of(error)) from error


def _pictures_in(body: bytes, num_glyphs: int) -> tuple[np.ndarray, np.ndarray]:
    """Finished glyphs and predictions of a run."""
    large, small = num_glyphs * GLYPH_SIZE**2, num_glyphs * PICTURE_SIZE**2
    num_predictions, rest = divmod(len(body) - large, small)
    if rest or not 0 <= num_predictions <= MAX_PREDICTIONS:
        raise RefusedError(400, say("errors.run_failed"))
    pixels = np.frombuffer(body, np.uint8)
    glyphs = pixels[:large].reshape(num_glyphs, GLYPH_SIZE, GLYPH_SIZE)
    return glyphs, pixels[large:].reshape(num_predictions, num_glyphs, PICTURE_SIZE, PICTURE_SIZE)


def _base64(values: torch.Tensor) -> str:
    return base64.b64encode(values.contiguous().numpy().astype("<f4").tobytes()).decode("ascii")


def _endpoint(answer: Callable, max_bytes: int) -> Callable:
    """An endpoint that reads a body of bounded size and answers in a thread."""

    async def endpoint(http: HttpRequest) -> JSONResponse:
        body = bytearray()
        async for part in http.stream():
            body += part
            if len(body) > max_bytes:
                return JSONResponse({"error": say("errors.run_failed")}, 413)
        try:
            return JSONResponse(await run_in_threadpool(answer, bytes(body), **http.path_params))
        except RefusedError as error:
            return JSONResponse({"error": error.sentence}, error.status)

    return endpoint
