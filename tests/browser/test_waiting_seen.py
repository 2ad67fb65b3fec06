"""What a visitor sees whose run waits behind others."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Page, expect
from seen import assert_in_view, assert_readable, wait_until_still

from glyffuser.ui.waiting import MAX_WAITING

PLACE = re.compile(r"^\s*2 before you, about \d+ s\s*$")
WINDOWS = [(1280, 900), (390, 844), (390, 664), (320, 664)]
FOLDS = {
    "#same-noise": ("Generate", "#compare", "#same-noise-player"),
    "new meaning": ("One step", "#redraw", "#redraw-player"),
}
LONG_RUN = "v=2&prompt=silk&num_glyphs=1&num_inference_steps=120&seed=1"
PLAYER = "#player .glyff-player"
PAUSE = 0.4
"""Seconds before each step of the model while it is busy, in which the processors are the browser's."""

Busy = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def model_is_busy(app_context, browser, page_url) -> Busy:
    """Two visitors' runs, one that takes the model until the block ends, and one that waits behind it."""

    @contextmanager
    def busy() -> Iterator[None]:
        with app_context.pipeline.unet.register_forward_pre_hook(lambda *_: time.sleep(PAUSE)):
            # each in a context of its own: tabs of one browser share six connections
            visitors = [browser.new_context().new_page() for _ in range(2)]
            for visitor in visitors:
                visitor.goto(f"{page_url}?{LONG_RUN}", wait_until="commit")
            for visitor in visitors:
                wait_until_in_queue(visitor)
            try:
                yield
            finally:
                for visitor in visitors:
                    visitor.click("#stop")
                    visitor.context.close()

    return busy


def wait_until_in_queue(visitor: Page) -> None:
    expect(visitor.locator("#prompt textarea")).to_have_value("silk")
    expect(visitor.locator("#stop")).to_be_visible()
    visitor.wait_for_function("performance.getEntriesByType('resource').some(({ name }) => /queue.join/.test(name))")


def open_page(page: Page, page_url: str, theme: str = "light") -> Page:
    page.goto(f"{page_url}?__theme={theme}")
    expect(page.locator(PLAYER)).to_have_attribute("data-state", re.compile("idle|example"))
    expect(page.locator("#waiting [data-part=status]")).to_have_count(1)
    return page


def resize(page: Page, size: tuple[int, int]) -> None:
    """Another window, at the page's top as when it was just opened."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("scrollTo(0, 0)")


def assert_place_is_seen(page: Page, button: str, player: str) -> None:
    caption = page.locator(f"{player} [data-part=waiting]")
    expect(page.locator(button)).to_have_text(PLACE)
    expect(caption).to_have_text(PLACE)
    wait_until_still(caption)
    assert_readable(page.locator(button), "2 before you, about ")
    assert_readable(caption, "2 before you, about ")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_place_and_seconds_are_seen_behind_two_runs(page, page_url, model_is_busy, theme):
    open_page(page, page_url, theme=theme)
    with model_is_busy():
        for size in WINDOWS:
            resize(page, size)
            page.click("#generate")
            assert_place_is_seen(page, "#generate", "#player")
            assert_in_view(page.locator("#player canvas"), least_height=190)
            expect(page.locator("#waiting [data-part=status]")).to_have_text(PLACE)
            assert page.locator("#waiting [data-part=status]").get_attribute("aria-live") == "polite"
            page.click("#stop")
            expect(page.locator("#generate")).to_have_text("Generate")
            expect(page.locator("#player [data-part=waiting]")).to_be_hidden()


def test_the_run_begins_by_itself_and_the_button_is_itself_again(app_context, page, page_url, model_is_busy):
    open_page(page, page_url)
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    with model_is_busy():
        page.click("#generate")
        expect(page.locator("#generate")).to_have_text(PLACE)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "running")
    expect(page.locator("#generate")).to_have_text("Generate")
    expect(page.locator("#player [data-part=waiting]")).to_be_hidden()
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "done")
    assert len(app_context.line) == 0


@pytest.mark.parametrize("fold", FOLDS)
def test_place_and_seconds_are_seen_in_every_fold(page, page_url, model_is_busy, fold):
    tab, button, player = FOLDS[fold]
    open_page(page, page_url)
    page.get_by_role("tab", name=tab).click()
    if fold.startswith("#"):
        page.click(f"{fold} button")
    else:
        page.fill("#step-character textarea", "河")
        page.press("#step-character textarea", "Tab")
        expect(page.locator("#step-strips figure")).to_have_count(24)  # what comes above the player has come
        expect(page.locator("#step-curve .js-plotly-plot")).to_be_visible()
    with model_is_busy():
        for size in [(1280, 900), (390, 664)]:
            resize(page, size)
            page.click(button)
            caption = page.locator(f"{player} [data-part=waiting]")
            expect(caption).to_have_text(PLACE)
            wait_until_still(page.locator(player))
            assert_readable(caption, "2 before you, about ")
            expect(page.locator(button)).to_have_text(PLACE)
            page.click(f"{button}-stop")
            expect(caption).to_be_hidden()


@pytest.mark.parametrize("size", [(1280, 900), (390, 664), (320, 664)], ids=["desktop", "phone", "narrow"])
def test_place_and_seconds_are_seen_below_the_map(page, page_url, model_is_busy, size):
    resize(page, size)
    open_page(page, page_url)
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-state", "ready")
    page.fill("#map-prompt textarea", "fish")
    with model_is_busy():
        page.click("#map-sample")
        line = page.locator("#map-waiting [data-part=line]")
        expect(line).to_have_text(PLACE)
        wait_until_still(line)
        assert_readable(line, "2 before you, about ")
        assert_readable(page.locator("#map-sample"), "2 before you, about ")
    expect(page.locator("#map-drawn figure")).to_have_count(2)
    expect(page.locator("#map-sample")).to_have_text("Sample it")


def test_a_screen_reader_is_not_told_every_second(page, page_url, model_is_busy):
    page.clock.install()
    open_page(page, page_url)
    with model_is_busy():
        page.evaluate(
            """() => {
                window.said = [];
                const status = document.querySelector("#waiting [data-part=status]");
                new MutationObserver(() => window.said.push(status.textContent)).observe(status, { childList: true });
            }"""
        )
        page.click("#generate")
        expect(page.locator("#generate")).to_have_text(PLACE)
        for _ in range(8):
            with page.expect_response("**/waiting/*"):
                page.clock.run_for(1000)
        assert len(page.evaluate("window.said")) == 1
        page.click("#stop")


def test_a_full_line_is_tried_again_with_a_countdown_and_the_example_plays_meanwhile(app_context, page, page_url):
    line = app_context.line
    page.clock.install()
    resize(page, (390, 664))
    open_page(page, page_url)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "14")
    others = [line.join(1) for _ in range(MAX_WAITING)]
    try:
        page.click("#generate")
        caption = page.locator("#player [data-part=waiting]")
        expect(caption).to_have_text(re.compile(r"^Too many are waiting; trying again in \d+ s$"))
        wait_until_still(caption)
        assert_readable(caption, "Too many are waiting; trying again in ")
        assert_readable(page.locator("#generate"), "trying again in ")
        expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile(r"^1?\d$"))
        expect(page.locator("#player [data-part=caption]")).to_contain_text("Example: gold")
        page.clock.run_for(5000)
        expect(caption).to_have_text(re.compile(r"in 1 s$"))
        expect(caption).to_have_text(re.compile(r"in (10|9) s$"))  # it was full again
    finally:
        for number in others:
            line.leave(number)
    page.clock.run_for(9000)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "running")
    expect(page.locator("#generate")).to_have_text("Generate")


def test_a_link_that_waits_shows_the_example_meanwhile(page, page_url, model_is_busy):
    open_page(page, page_url)
    with model_is_busy():
        linked = page.context.new_page()
        linked.goto(f"{page_url}?v=2&prompt=gold&num_glyphs=1&num_inference_steps=2&seed=3")
        expect(linked.locator("#generate")).to_have_text(PLACE)
        expect(linked.locator(PLAYER)).to_have_attribute("data-state", "example")
        expect(linked.locator("#player [data-part=waiting]")).to_have_text(PLACE)
    expect(linked.locator(PLAYER)).to_have_attribute("data-state", "done")
    linked.close()
