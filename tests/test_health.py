from dataclasses import replace

from starlette.applications import Starlette
from starlette.testclient import TestClient

from glyffuser import __version__
from glyffuser.ui.health import Health
from glyffuser.ui.waiting import WaitingLine


def test_it_says_version_checkpoint_line_and_uptime(app_context):
    now = [100.0]
    context = replace(app_context, line=WaitingLine())
    client = TestClient(Starlette(routes=Health(context, lambda: now[0]).routes()))
    first = client.get("/health")
    assert first.headers["cache-control"] == "no-store"
    assert first.json()["checkpoint"] == app_context.fingerprint != ""
    assert first.json() | {"checkpoint": ""} == {
        "status": "ok",
        "version": __version__,
        "checkpoint": "",
        "device": "cpu",
        "runs_in_line": 0,
        "seconds_a_glyph_and_step": 0.04,
        "uptime_seconds": 0,
    }
    context.line.join(10)
    now[0] += 61
    assert (client.get("/health").json()["runs_in_line"], client.get("/health").json()["uptime_seconds"]) == (1, 61)


def test_the_page_serves_it_while_a_run_waits(page_url):
    import httpx

    assert httpx.get(f"{page_url}health").json()["status"] == "ok"
