"""Headers, caching and compression of what the page sends."""

import json
import re
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from glyffuser.ui.headers import FOR_EVER, HASHED, POLICY, Headers


@pytest.fixture(scope="module")
def served(page_url):
    with httpx.Client(base_url=page_url, timeout=120) as client:
        yield client


@pytest.mark.parametrize("address", ["/", "/config", "/nothing", "/gradio_api/upload", "/gradio_api/info"])
def test_every_answer_has_the_headers_once(served, address):
    headers = served.get(address).headers
    assert headers.get_list("content-security-policy") == [POLICY]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["same-origin"]
    assert headers.get_list("cross-origin-embedder-policy") == ["require-corp"]


def test_the_policy_names_no_origin_but_ours_and_those_that_embed_us():
    directives = dict(directive.split(" ", 1) for directive in POLICY.split("; "))
    assert "huggingface.co" in directives.pop("frame-ancestors")
    assert not any("http" in sources or "*" in sources for sources in directives.values())
    assert directives["object-src"] == "'none'" and directives["base-uri"] == "'self'"


def test_a_header_that_an_answer_has_is_not_doubled():
    async def answer(_):
        return PlainTextResponse("x", headers={"Referrer-Policy": "no-referrer"})

    client = TestClient(Starlette(routes=[Route("/", answer)], middleware=[Middleware(Headers)]))
    assert client.get("/").headers.get_list("referrer-policy") == ["same-origin"]


def test_files_with_hashed_names_are_kept_for_ever_and_the_page_is_not(served):
    page = served.get("/")
    assert FOR_EVER not in page.headers.get("cache-control", "")
    names = [name for name in re.findall(r'"\.?/?(assets/[^"]+)"', page.text) if HASHED.search(f"/{name}")]
    assert names
    assert served.get(f"/{names[0]}").headers["cache-control"] == FOR_EVER
    missing = served.get("/assets/nothing-12345678.js")
    assert missing.status_code >= 400 and FOR_EVER not in missing.headers.get("cache-control", "")


@pytest.mark.parametrize("address", ["/", "/config", "/gradio_api/info"])
def test_the_page_and_json_are_compressed(served, address):
    plain = served.get(address, headers={"accept-encoding": "identity"})
    with served.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert len(sent) < 0.4 * len(plain.content)


def test_weights_and_streams_are_not_compressed(served):
    page = served.get("/config").text
    (graph,) = set(re.findall(r"glyff/unet-full-\w+/unet\.onnx", page))
    with served.stream("GET", f"/{graph}", headers={"accept-encoding": "gzip, br"}) as answer:
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "content-encoding" not in answer.headers and int(answer.headers["content-length"]) > 100_000


def test_frames_of_a_run_arrive_one_by_one_in_a_compressing_connection(served):
    """A middleware that gathers a stream would send all of them at the end."""
    body = {"data": ["gold", 1, 30, 4.0, 3.0, "dpm++-sde", 5, "even", False]}
    event = served.post("/gradio_api/call/generate", json=body).json()["event_id"]
    arrived, frames = [], []
    url = f"/gradio_api/call/generate/{event}"
    with served.stream("GET", url, headers={"accept-encoding": "gzip, br"}) as answer:
        assert "content-encoding" not in answer.headers
        for line in answer.iter_lines():
            if line.startswith("data: ") and '"step"' in line:
                arrived.append(time.monotonic())
                frames.append(json.loads(line.removeprefix("data: "))[0])
    assert len(frames) >= 3 and frames[-1]["state"] == "done"
    assert arrived[-1] - arrived[0] > 0.1 and len({round(moment, 2) for moment in arrived}) >= 3
