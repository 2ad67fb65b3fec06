"""The page on the open internet: sizes and addresses of requests, calls at once, calls with anything."""

import base64
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from glyffuser.ui.components.png_button import MAX_PNG_BYTES
from glyffuser.ui.guard import MAX_BODY_BYTES, Guard, is_closed
from glyffuser.ui.own_device import GLYPH_SIZE, MAX_PREDICTIONS, PICTURE_SIZE
from glyffuser.ui.page import MAX_SESSIONS, build_page, launch_options
from glyffuser.ui.safe_blocks import SafeBlocks, details
from glyffuser.ui.tabs.newness import answer_with
from glyffuser.ui.text import say


async def count(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def fail(request: Request) -> PlainTextResponse:
    raise KeyError("a secret prompt")


@pytest.fixture
def small() -> TestClient:
    methods = ["POST", "GET"]
    routes = [Route(path, fail, methods=methods) for path in ("/fail/at/something", "/gradio_api/run/x")]
    guard = Middleware(Guard, max_body_bytes=100)
    return TestClient(Starlette(routes=[Route("/count", count, methods=methods), *routes], middleware=[guard]))


def test_a_body_of_the_largest_size_arrives_whole(small):
    assert small.post("/count", content=b"x" * 100).text == "100"
    assert small.post("/count", content=iter([b"x" * 60, b"x" * 40])).text == "100"
    assert small.post("/count").text == "0" and small.get("/count").text == "0"


@pytest.mark.parametrize("content", [b"x" * 101, iter([b"x" * 60] * 1000)], ids=["declared", "chunked"])
def test_a_larger_body_gets_a_413_and_one_sentence(small, content):
    answer = small.post("/count", content=content)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "This request is larger than 1 MB, the most that this page takes."


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000, "²"])
def test_a_length_that_is_none_is_refused(small, length):
    assert small.post("/count", content=b"x", headers={"content-length": length.encode()}).status_code == 413


def run(function, *values):
    """The answer of an asynchronous function, from a thread of its own: Playwright's loop is running in this one."""
    with start_blocking_portal() as portal:
        return portal.call(function, *values)


def test_a_chunked_body_is_not_read_to_its_end(small):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield b"x" * 60

    # the test's client collects what it sends, so the middleware itself is asked
    async def ask() -> list[int]:
        parts, statuses = endless(), []

        async def receive():
            return {"type": "http.request", "body": next(parts), "more_body": True}

        async def send(message):
            statuses.append(message.get("status"))

        scope = {"type": "http", "method": "POST", "path": "/count", "headers": []}
        await Guard(Starlette(), max_body_bytes=1000)(scope, receive, send)
        return statuses

    assert run(ask)[0] == 413 and read == 17


def test_the_largest_request_of_our_own_fits():
    assert (GLYPH_SIZE**2 + MAX_PREDICTIONS * PICTURE_SIZE**2) * 16 < MAX_BODY_BYTES


def test_an_error_of_a_route_is_one_sentence_and_one_line_without_what_was_sent(small, caplog):
    ours, gradios = small.get("/fail/at/something"), small.post("/gradio_api/run/x", content=b"{}")
    assert (ours.status_code, ours.json()["error"]) == (500, say("errors.run_failed"))
    assert (gradios.status_code, gradios.json()["error"]) == (400, say("errors.wrong_request"))
    assert "GET /fail/at failed: KeyError" in caplog.text
    assert "Traceback" not in caplog.text and "secret" not in caplog.text


@pytest.fixture(scope="module")
def served(page_url):
    with httpx.Client(base_url=page_url, timeout=120) as client:
        yield client


@pytest.mark.parametrize(
    "address",
    ["upload", "upload_progress", "process_recording", "file=/etc/hostname", "proxy=x", "vibe-edit"],
)
def test_addresses_that_write_or_read_files_are_closed(served, address):
    for method in ("GET", "POST"):
        answer = served.request(method, f"/gradio_api/{address}")
        assert (answer.status_code, answer.json()["detail"]) == (404, say("errors.closed"))
    for used in ("queue/join", "queue/data", "cancel", "reset", "run/predict", "call/generate", "heartbeat/x"):
        assert not is_closed(f"/gradio_api/{used}")
    assert not is_closed("/upload")
    assert is_closed("/demos/glyffuser/gradio_api/upload")  # a proxy may leave its prefix in the path


def listeners(blocks) -> list:
    """Listeners of the page that wait in no queue."""
    return [fn for fn in blocks.fns.values() if fn.fn is not None and not fn.queue]


def call(client: httpx.Client, fn, data: list, session: str, event_data: object = None) -> httpx.Response:
    body = {"fn_index": fn._id, "data": data, "session_hash": session, "event_data": event_data}
    body["trigger_id"] = fn.targets[0][0] if fn.targets else None
    return client.post("/gradio_api/run/predict", json=body)


@pytest.fixture(scope="module")
def blocks(app_context):
    return build_page(app_context)


PROMPTS = [
    "gold", "fish", "bird", "silk thread", "to run on foot", "sickness", "mouth", "a kind of tree", "water", "river",
    "horse", "to speak", "bamboo hat", "a hill", "fire", "door",
]  # fmt: skip
CHARS = "金魚鳥絲走病口木水河馬說竹山火門"


def named(blocks, name: str):
    """The first listener by the name of its function."""
    return next(fn for fn in blocks.fns.values() if fn.name == name)


QUICK_CALLS = [
    ("look_at_prompt", [[prompt] for prompt in PROMPTS]),
    ("search_for_visitor", [[prompt, how] for prompt in PROMPTS[:8] for how in ("word", "meaning")]),
    ("light_up", [[prompt] for prompt in PROMPTS]),
    ("definition_of", [[char] for char in CHARS]),
    ("seed_notice", [[seed - 8] for seed in range(16)]),
]


def content_of(answer: httpx.Response) -> object:
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return [{**value, "id": ""} if isinstance(value, dict) and "indices" in value else value for value in data]


@pytest.mark.parametrize(("name", "inputs"), QUICK_CALLS, ids=[name for name, _ in QUICK_CALLS])
def test_sixteen_calls_at_once_give_the_answers_of_one_after_the_other(served, blocks, name, inputs):
    fn = named(blocks, name)
    assert not fn.queue and len(inputs) == 16
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(lambda i: call(served, fn, inputs[i], f"at-once-{i}"), range(16)))
    for i, answer in enumerate(together):
        assert content_of(answer) == content_of(call(served, fn, inputs[i], f"alone-{i}"))


def test_runs_on_sixteen_devices_begin_at_once(served):
    fields = [4, "full", 25, 4.0, 3.0, "dpm++-sde", "middle", 400, 999, 500, 800, 7, False]

    def begin(prompt: str) -> dict:
        run = served.post("/glyff/device/begin", content=json.dumps([prompt, *fields])).json()
        return {key: value for key, value in run.items() if key != "run"}

    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(begin, PROMPTS))
    assert [run["label"] for run in together] == PROMPTS
    assert together[3] == begin(PROMPTS[3])


def test_what_runs_the_model_waits_in_the_queue(served, blocks):
    for name in ("generate", "single_step"):
        answer = served.post(f"/gradio_api/run/{name}", json={"data": ["gold"]})
        assert answer.status_code == 404 and "queue" in answer.json()["detail"]


JSON = {"content-type": "application/json"}
WRONG_VALUES = [None, [], {}, "x", 5, -1, 10**30, "x" * 5000, {"path": "/etc/hostname"}, [[[]]], "\ud800"]


@pytest.mark.parametrize(
    "event_data", [None, [], "index", 5, {"index": "x"}, {"index": [], "run": {}}, {"index": 10**9}]
)
def test_events_that_bring_anything_are_refused_in_a_sentence(served, blocks, event_data):
    answer = call(served, named(blocks, "take_apart"), [], "anything", event_data)
    assert (answer.status_code, answer.json()["error"]) == (422, say("errors.glyph_gone"))


def test_listeners_of_queued_events_take_anything_too(app_context):
    answer = answer_with(app_context)
    assert answer(gr.EventData(None, None)) == answer(gr.EventData(None, "index")) == ""
    assert say("errors.glyph_gone") in answer(gr.EventData(None, {"index": {}, "run": []}))
    assert details(gr.EventData(None, ["index"])) == {}


def test_values_of_any_kind_give_no_traceback_and_no_status_of_ours_being_broken(served, blocks, caplog, capfd):
    quick = [fn for fn in listeners(blocks) if fn.inputs]
    assert len(quick) > 10
    broken = []
    for fn in quick:
        for data in [*([value] * len(fn.inputs) for value in WRONG_VALUES), [1] * 40, []]:
            body = json.dumps({"fn_index": fn._id, "data": data, "session_hash": "wrong"})
            answer = served.post("/gradio_api/run/predict", content=body, headers=JSON)
            if answer.status_code not in (200, 400, 422):
                broken.append((fn.name, fn.inputs[0].elem_id, str(data)[:40], answer.text[:80]))
    said = caplog.text + "".join(capfd.readouterr())
    assert broken == [] and "Traceback" not in said and "xxxxxxxx" not in said


def test_addresses_and_bodies_that_are_none_are_refused(served):
    for path, body in [
        ("run/predict", {"fn_index": 9999, "data": []}), ("run/nothing", {"data": []}), ("call/nothing", {"data": []}),
        ("call/v2/nothing", {}), ("queue/join", {"fn_index": 9999, "data": [], "session_hash": "x"}),
        ("queue/join", {"data": []}), ("queue/join", []), ("cancel", {}),
    ]:  # fmt: skip
        answer = served.post(f"/gradio_api/{path}", json=body)
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)
    deep = served.post("/gradio_api/run/predict", content=b"[" * 500_000, headers=JSON)
    assert 400 <= deep.status_code < 500


def test_an_error_of_a_listener_is_one_line_without_what_was_typed(caplog):
    def break_down(text: str) -> str:
        raise RuntimeError(text)

    with SafeBlocks(analytics_enabled=False) as broken:
        field = gr.Textbox()
        field.change(break_down, field, field, queue=False)
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        run(broken.process_api, 0, ["a secret prompt"])
    assert caught.value.message == say("errors.run_failed") and not caught.value.print_exception
    assert "a listener failed: RuntimeError in break_down, line" in caplog.text
    assert "secret" not in caplog.text and "Traceback" not in caplog.text


def test_files_that_are_no_png_or_too_large_are_refused_in_a_sentence(served, blocks):
    frozen = (Path(__file__).parent / "frozen" / "run_v2.png").read_bytes()
    taken = named(blocks, "take_png")

    def message(content: object, size: object) -> str:
        answer = call(served, taken, [], "png", {"content": content, "size": size})
        assert answer.status_code == 200
        return answer.json()["data"][-1]

    text = base64.b64encode(frozen).decode()
    assert say("errors.no_png") not in message(text, len(frozen))
    too_large = say("errors.png_too_large", most=200)
    assert too_large in message("", MAX_PNG_BYTES + 1)
    assert too_large in message("A" * (MAX_PNG_BYTES * 4 // 3 + 8), 5)
    for content, size in [("", 0), (None, 5), ("R0lGODlh", 6), ("???", 3), (text, None), ([text], 1)]:
        assert say("errors.no_png") in message(content, size)


def test_no_answer_shows_a_path_of_the_server(served):
    homes = [str(Path(__file__).parents[1]), str(Path(gr.__file__).parents[1]), str(Path.home())]
    for address in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/theme.css", "/nothing"):
        text = served.get(address).text
        assert [home for home in homes if home + "/" in text] == [], address


def test_the_states_of_so_many_visitors_are_kept_and_no_more(app_context):
    assert launch_options(app_context)["state_session_capacity"] == MAX_SESSIONS <= 1_000
