"""Generate draws on the visitor's own device: with a processor alone (WebAssembly), as no graphics card is at hand."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from glyffuser.images import read_settings

PLAYER = "#player .glyff-player"
DEVICE = "#own-device .glyff-device"
WASM_TIMEOUT = 120_000
"""Milliseconds for a few steps on a busy machine."""


@pytest.fixture
def generate_tab(page: Page, page_url: str) -> Page:
    page.goto(page_url)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    assert page.evaluate("crossOriginIsolated") is True
    expect(page.locator(DEVICE)).to_be_visible()
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    page.fill("#seed input", "7")
    page.press("#seed input", "Tab")
    expect(page.locator("#new-seed input")).not_to_be_checked()
    return page


def choose_steps(page: Page, num_steps: int) -> None:
    page.fill("#num-steps input[type=number]", str(num_steps))
    page.press("#num-steps input[type=number]", "Tab")


def choose(page: Page, where: str) -> None:
    page.locator(f"{DEVICE} input[value={where}]").check()
    expect(page.locator(DEVICE)).to_have_attribute("data-where", where)


def draw(page: Page, state: str = "done") -> None:
    run = page.get_attribute(PLAYER, "data-run")
    page.click("#generate")
    expect(page.locator(PLAYER)).not_to_have_attribute("data-run", run, timeout=WASM_TIMEOUT)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", state, timeout=WASM_TIMEOUT)


def png(page: Page) -> bytes:
    return base64.b64decode(page.get_attribute("#player [data-part=download]", "href").partition(",")[2])


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)


def test_device_and_server_draw_the_same_glyph(generate_tab):
    page = generate_tab
    choose_steps(page, 4)
    expect(page.locator(DEVICE)).to_have_attribute("data-where", "server")  # no graphics card: only on request
    expect(page.locator(DEVICE)).to_contain_text(re.compile(r"about \d+ s; fetches 39 MB once"))
    draw(page)
    on_server, link = png(page), page.get_attribute("#player [data-part=link]", "href")
    choose(page, "device")
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")
    expect(page.locator(f"{DEVICE} [data-part=status]")).to_contain_text("Drawn on this device in")
    on_device = png(page)
    assert np.ptp(pixels(on_server)) > 200
    assert np.abs(pixels(on_device) - pixels(on_server)).max() <= 2
    assert read_settings(on_device) == read_settings(on_server)
    assert page.get_attribute("#player [data-part=link]", "href") == link
    expect(page.locator(f"{PLAYER} [data-part=caption]")).to_contain_text("These words suggest the radical")
    expect(page.locator("#is-it-new")).to_contain_text("the first of these")
    assert page.locator(PLAYER).get_attribute("data-frames") == "5"


def test_the_choice_is_remembered_and_the_network_is_fetched_once(generate_tab):
    page = generate_tab
    choose(page, "device")
    choose_steps(page, 1)
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")
    page.wait_for_timeout(500)  # the run's last event ends; Gradio calls a reload in the midst of one an error
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.reload()
    expect(page.locator(DEVICE)).to_have_attribute("data-where", "device")
    expect(page.locator(DEVICE)).to_contain_text(re.compile(r"on this device \(about \d+ s\)"))
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    choose_steps(page, 1)
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")
    assert not [url for url in fetched if re.search(r"safetensors|\.gz$|\.onnx$", url)]
    choose(page, "server")
    page.reload()
    expect(page.locator(DEVICE)).to_have_attribute("data-where", "server")


def test_a_glyph_of_the_device_goes_to_the_map_and_to_one_step(generate_tab):
    page = generate_tab
    choose(page, "device")
    choose_steps(page, 3)
    draw(page)
    page.locator(f"{PLAYER} canvas").click(position={"x": 20, "y": 20})
    page.click("#player [data-part=hand-over]")
    expect(page.get_by_text("This is the glyph you picked in Generate.")).to_be_visible()
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(page.locator("#map")).to_contain_text("where the model's guess lay, step by step, for “gold”")


def test_stop_ends_the_run_and_the_next_one_begins(generate_tab):
    page = generate_tab
    choose(page, "device")
    choose_steps(page, 60)
    draw(page, "running")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile(r"^[1-9]"), timeout=WASM_TIMEOUT)
    page.click("#stop")
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "stopped")
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "stopped")
    frames = page.get_attribute(PLAYER, "data-frames")
    page.wait_for_timeout(2_000)
    assert page.get_attribute(PLAYER, "data-frames") == frames
    choose_steps(page, 1)
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")


def test_without_cross_origin_isolation_one_thread_draws(page, page_url):
    def without_isolation(route) -> None:
        answer = route.fetch()
        isolating = ("cross-origin-opener-policy", "cross-origin-embedder-policy")
        route.fulfill(response=answer, headers={k: v for k, v in answer.headers.items() if k not in isolating})

    page.route(page_url, without_isolation)
    page.goto(page_url)
    expect(page.locator(DEVICE)).to_be_visible()
    assert page.evaluate("crossOriginIsolated") is False
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    choose_steps(page, 1)
    choose(page, "device")
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")


def test_what_the_device_cannot_draw_the_server_draws(generate_tab):
    page = generate_tab
    page.route("**/*.safetensors", lambda route: route.fulfill(body=b"not the weights"))
    choose(page, "device")
    choose_steps(page, 2)
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "failed")
    expect(page.locator(DEVICE)).to_have_attribute("data-where", "server")
    status = page.locator(f"{DEVICE} [data-part=status]")
    expect(status).to_have_text("This device could not draw it, so the server does.")
    assert read_settings(png(page))["seeds"] == [7]
    draw(page)
    expect(status).to_have_text("")  # said once


def test_who_waits_long_for_the_server_is_offered_the_device(generate_tab):
    page = generate_tab
    choose_steps(page, 1)
    propose = page.locator(f"{DEVICE} [data-part=propose]")
    draw(page)  # nobody else is there
    expect(propose).to_be_hidden()
    page.route("**/device/wait", lambda route: route.fulfill(json={"seconds": 3000}))
    choose_steps(page, 60)
    draw(page, "running")
    expect(page.locator(f"{DEVICE} [data-part=status]")).to_contain_text("your turn comes in about 3000 s")
    choose_steps(page, 1)
    run = page.get_attribute(PLAYER, "data-run")
    propose.click()
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done", timeout=WASM_TIMEOUT)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "done")
    assert page.get_attribute(PLAYER, "data-run") != run
    expect(propose).to_be_hidden()


def test_a_prompt_at_fault_is_answered_with_a_sentence_and_drawn_nowhere(generate_tab):
    page = generate_tab
    choose(page, "device")
    run = page.get_attribute(PLAYER, "data-run")
    page.fill("#prompt textarea", "x" * 201)
    page.click("#generate")
    expect(page.locator(f"{DEVICE} [data-part=status]")).to_contain_text("200 is the most")
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "failed")
    page.wait_for_timeout(500)
    assert page.get_attribute(PLAYER, "data-run") == run


def test_the_fast_network_draws_the_same_glyph_in_four_steps_on_both(generate_tab):
    page = generate_tab
    page.check("#network input[value=fast]")
    for name in ("num-steps", "guidance", "pag"):
        expect(page.locator(f"#{name} input[type=number]")).to_be_disabled()  # it has settings of its own
    draw(page)
    on_server, link = png(page), page.get_attribute("#player [data-part=link]", "href")
    assert read_settings(on_server)["num_inference_steps"] == 4 and "network=fast" in link
    choose(page, "device")
    draw(page)
    expect(page.locator(DEVICE)).to_have_attribute("data-state", "done")
    on_device = png(page)
    assert np.ptp(pixels(on_server)) > 200
    assert np.abs(pixels(on_device) - pixels(on_server)).max() <= 2
    assert read_settings(on_device) == read_settings(on_server)
    page.check("#network input[value=full]")
    expect(page.locator("#num-steps input[type=number]")).to_be_enabled()
