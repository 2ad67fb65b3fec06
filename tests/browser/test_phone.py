"""What a visitor with a phone sees without scrolling, and what comes into view after a tap."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from seen import assert_in_view, assert_readable, see, wait_until_still

PLAYER = "#player .glyff-player"
PHONES = [(390, 844), (390, 664), (320, 664)]
WINDOWS = [(1280, 900), *PHONES]


@pytest.fixture(params=PHONES, ids=lambda size: f"{size[0]}x{size[1]}")
def small(request, phone, page_url) -> Page:
    page = phone.new_page()
    page.set_viewport_size({"width": request.param[0], "height": request.param[1]})
    return open_page(page, page_url)


def open_page(page: Page, url: str) -> Page:
    """The page once it stands still; the example is there at once, and nothing glides."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(url)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "14")
    return page


def open_map(page: Page) -> Page:
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-state", "ready")
    return page


def draw_one(page: Page) -> None:
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("4", exact=True).click()
    page.fill("#num-steps input[type=number]", "2")
    page.press("#num-steps input[type=number]", "Tab")
    page.click("#generate")
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "done")


def top_of(page: Page, selector: str) -> float:
    return see(page.locator(selector))["top"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_screen_shows_prompt_button_canvas_and_says_what_this_is(page, page_url, theme):
    open_page(page, f"{page_url}?__theme={theme}")
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        wait_until_still(page.locator("#player canvas"))
        assert_first_screen(page)


def assert_first_screen(page: Page) -> None:
    assert page.evaluate("scrollY") == 0
    assert_in_view(page.locator("#prompt textarea"), least_height=30)
    assert_readable(page.locator("#generate"), "Generate")
    canvas = assert_in_view(page.locator("#player canvas"), least_height=190)
    about = page.locator("#about p")
    assert_readable(about, "None of these characters exists. Their parts do")
    assert_readable(about, "the part that carries the meaning is called the radical")
    assert see(about)["bottom"] <= canvas["top"]
    assert_readable(page.locator("#title p").last, "Generate draws, One step explains, Map shows the real ones.")


def test_examples_and_settings_come_after_the_canvas(small):
    bottom = see(small.locator("#player canvas"))["bottom"]
    for later in ("#suggestion", "#examples", "#settings"):
        assert top_of(small, later) > bottom, later


@pytest.mark.parametrize("tab", ["Generate", "One step", "Map"])
def test_nothing_scrolls_sideways(small, tab):
    small.get_by_role("tab", name=tab).click()
    small.wait_for_timeout(2500)
    width = small.viewport_size["width"]
    assert small.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [width, width]


def test_the_predicted_glyph_is_shown_first_and_the_noisy_one_is_a_tap_away(small):
    expect(small.get_by_label("Predicted glyph").first).to_be_checked()
    other = small.locator("#player").get_by_label("Noisy glyph")
    other.scroll_into_view_if_needed()
    assert see(small.locator("#player [data-part=views] label").last)["height"] >= 44
    other.tap()
    expect(small.locator("#player [data-part=caption]")).to_contain_text("timestep 0")


def test_whether_a_picked_glyph_is_new_comes_into_view(small):
    small.locator("#player canvas").tap(position={"x": 40, "y": 40})
    verdict = small.locator("#is-it-new .glyff-notice")
    expect(verdict).to_be_visible()
    wait_until_still(verdict)
    assert_readable(verdict, "ew")
    assert_in_view(small.locator("#is-it-new img").first, least_height=60)


def test_a_glyph_that_is_taken_apart_is_in_view(small):
    small.locator("#player canvas").tap(position={"x": 40, "y": 40})
    small.get_by_role("button", name="Take this glyph apart").tap()
    picture = small.locator("#step-row img").first
    expect(picture).to_be_visible()
    wait_until_still(picture)
    assert_in_view(picture, least_height=60)


def test_a_picked_character_comes_as_a_sheet_and_goes_again(small):
    open_map(small)
    small.locator(".glyff-map").evaluate("(map) => map.parentElement.component.goTo(5000)")
    glyph = small.locator("#map-panel .glyff-panel img").first
    expect(glyph).to_be_visible()
    wait_until_still(glyph, small.locator(".glyff-map-stage"))
    assert_in_view(glyph, least_height=60)
    assert_readable(small.locator("#map-panel figcaption").first, "U+")
    sheet = see(small.locator("#map-sheet"))
    assert sheet["bottom"] == sheet["windowHeight"] and sheet["height"] <= 0.46 * sheet["windowHeight"]
    stage = small.locator(".glyff-map-stage").bounding_box()
    _, y = small.locator(".glyff-map").evaluate("(map) => map.parentElement.component.at(5000)")
    assert 0 < stage["y"] + y < sheet["top"]  # the character's own place is not covered
    small.locator("#map-close").tap()
    expect(glyph).to_be_hidden()
    expect(small.locator("#map-panel")).to_contain_text("Pick a character on the map")


def test_a_tap_on_the_map_shows_the_sheet(small):
    open_map(small)
    small.locator(".glyff-map-stage").scroll_into_view_if_needed()
    box = small.locator(".glyff-map-stage").bounding_box()
    small.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    glyph = small.locator("#map-panel .glyff-panel img").first
    expect(glyph).to_be_visible()
    wait_until_still(glyph)
    assert_in_view(glyph, least_height=60)


def test_a_character_that_is_taken_from_the_sheet_is_in_view_elsewhere(small):
    open_map(small)
    small.locator(".glyff-map").evaluate("(map) => map.parentElement.component.goTo(5000)")
    small.locator("#map-panel [data-action=generate]").tap()
    expect(small.locator("#prompt textarea")).to_be_visible()
    wait_until_still(small.locator("#prompt textarea"))
    assert_in_view(small.locator("#prompt textarea"), least_height=30)


@pytest.mark.parametrize("size", WINDOWS)
def test_the_map_comes_first(page, page_url, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_map(open_page(page, page_url))
    tabs, stage = see(page.get_by_role("tablist").first), see(page.locator(".glyff-map-stage"))
    is_wide = size[0] > 600
    assert stage["top"] - tabs["bottom"] < (200 if is_wide else 290)
    assert min(stage["bottom"], size[1]) - stage["top"] > 0.55 * stage["height"]
    assert is_wide or stage["width"] > 0.75 * size[0]
    assert_in_view(page.locator("#map-query textarea, #map-query input"), least_height=30)


def assert_tour_is_seen(page: Page) -> None:
    text, stage = page.locator("[data-part=tour-text]"), page.locator(".glyff-map-stage")
    wait_until_still(text, stage)
    assert_readable(text, ".")
    seen = assert_in_view(text, least_height=20)  # a line of it
    assert_in_view(page.locator("[data-part=tour-end]"), least_height=40)
    assert see(stage)["bottom"] <= seen["top"] + 1  # beside or below the map, never on it
    assert see(stage)["top"] >= -1 and see(stage)["height"] >= 180


def test_each_stop_of_the_tour_is_read_beside_the_map(page, page_url):
    """Forwards and back, in another window at each stop and on each way."""
    stops = [(stop, WINDOWS[stop % 4]) for stop in range(9)] + [
        (stop, WINDOWS[(stop + 2) % 4]) for stop in range(7, -1, -1)
    ]
    open_map(open_page(page, page_url))
    for (before, _), (stop, (width, height)) in pairwise([(-1, None), *stops]):
        page.set_viewport_size({"width": width, "height": height})
        page.click(f"[data-part=tour{'' if before < 0 else '-next' if stop > before else '-back'}]")
        expect(page.locator(".glyff-map")).to_have_attribute("data-tour", str(stop))
        assert_tour_is_seen(page)
    page.click("[data-part=tour-end]")
    expect(page.locator("[data-part=tour-box]")).to_be_hidden()


def test_sample_it_shows_the_map_and_then_the_glyph(small):
    open_map(small)
    small.fill("#map-prompt textarea", "fish")
    small.locator("#map-sample").tap()
    expect(small.locator(".glyff-map")).to_have_attribute("data-path", re.compile(r"[1-9]"))
    drawn = small.locator("#map-drawn img").first
    small.locator("#map-prompt textarea").blur()
    expect(drawn).to_be_visible()
    wait_until_still(drawn)
    assert_in_view(drawn, least_height=60)


def test_a_late_answer_leaves_a_visitor_who_types_where_he_is(small):
    open_map(small)
    small.fill("#map-prompt textarea", "fish")
    small.locator("#map-sample").tap()
    expect(small.locator(".glyff-map")).to_have_attribute("data-path", re.compile(r"[1-9]"))
    small.locator("#map-query textarea").focus()
    wait_until_still(small.locator("#map-query"))
    expect(small.locator("#map-drawn img")).to_have_count(2)
    small.wait_for_timeout(600)
    assert_in_view(small.locator("#map-query textarea"), least_height=30)
    assert small.evaluate("document.activeElement.closest('#map-query') !== null")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_fields_have_edges(page, page_url, theme):
    open_page(page, f"{page_url}?__theme={theme}")
    page.click("#settings button")
    for field in ("#prompt textarea", "#seed input"):
        edge, ground = page.locator(field).evaluate(
            """(field) => {
                const ground = getComputedStyle(field.closest(".block")).backgroundColor;
                const { borderTopWidth, borderTopColor } = getComputedStyle(field);
                return [[parseFloat(borderTopWidth), borderTopColor], ground];
            }"""
        )
        assert edge[0] >= 1, field
        assert contrast(edge[1], ground) >= 3, (field, edge, ground)


def contrast(*colours: str) -> float:
    """Contrast of two colours as WCAG 2.2 defines it."""
    low, high = sorted(map(_luminance, colours))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
