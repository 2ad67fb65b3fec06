"""The map as a visitor uses it."""

import base64
import io
import random
import re
import time

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.diffusion import training_scheduler
from glyffuser.map import density
from glyffuser.map.files import MapFiles

CHARACTERS = load_characters()
CODEPOINTS = {character.codepoint: index for index, character in enumerate(CHARACTERS)}


TREES = [c for c in CHARACTERS if re.search(r"\btree|trees?\b", c.definition.lower())]
"""What a search for "tree" finds, whole words and parts of words."""


def open_map(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator("#player .glyff-player")).to_be_visible()
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-state", "ready")
    page.locator(".glyff-map-stage").scroll_into_view_if_needed()
    return page


@pytest.fixture
def opened(page: Page, page_url: str) -> Page:
    return open_map(page, page_url)


def attribute(page: Page, name: str) -> str:
    return page.locator(".glyff-map").get_attribute(f"data-{name}")


def set_noise(page: Page, timestep: int) -> None:
    page.locator(".glyff-map [data-part=noise]").evaluate(
        "(slider, t) => { slider.value = t; slider.dispatchEvent(new Event('input')); }", timestep
    )
    expect(page.locator(".glyff-map")).to_have_attribute("data-timestep", str(timestep))


def place_of(page: Page, index: int) -> tuple[float, float]:
    """Where a character lies on the screen, once the map lies still."""
    before, here = None, place_now(page, index)
    while here != before:
        page.wait_for_timeout(100)
        before, here = here, place_now(page, index)
    return here


def place_now(page: Page, index: int) -> tuple[float, float]:
    """Where a character lies on the screen of a map that is known to lie still."""
    x, y = page.locator(".glyff-map").evaluate(
        """(map, index) => {
          const { left, top } = map.querySelector(".glyff-map-stage").getBoundingClientRect();
          const [x, y] = map.parentElement.component.at(index);
          return [left + x, top + y];
        }""",
        index,
    )
    return x, y


def go_to(page: Page, index: int) -> None:
    """Move the map to a character as a button "On the map" does."""
    page.locator(".glyff-map").evaluate("(map, index) => map.parentElement.component.goTo(index)", index)


def test_nothing_of_the_map_is_fetched_before_its_tab_is_opened_and_little_then(page, page_url):
    page.goto(page_url)
    expect(page.locator("#player .glyff-player")).to_be_visible()
    page.wait_for_timeout(500)
    before = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not any(re.search("glyff/(plotly|map)-|glyph_map", name) for name in before)
    start = time.monotonic()
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-state", "ready")
    seconds = time.monotonic() - start
    entries = (
        "performance.getEntriesByType('resource').filter(({ name }) => /glyff.(plotly|map)-|glyph_map/.test(name))"
    )
    moved = page.evaluate(f"{entries}.reduce((sum, entry) => sum + entry.transferSize, 0)")
    print(f"map ready after {seconds:.2f} s, {moved / 1e6:.2f} MB moved")
    assert 1e6 < moved < 3e6
    assert seconds < 10  # a bound for a busy machine; the printed figure is the measurement


def card_matches(page: Page, renderer: GlyphRenderer) -> int:
    """Check the card's picture against its own code point; returns the index."""
    card = page.locator(".glyff-map-card")
    expect(card).to_have_attribute("data-picture", re.compile(r"\d+"))
    text, data, url = card.evaluate(
        "(card) => [card.innerText, { ...card.dataset }, card.querySelector('canvas').toDataURL()]"
    )
    codepoint = int(re.search(r"U\+([0-9A-F]+)", text)[1], 16)
    index = CODEPOINTS[codepoint]
    assert data["index"] == data["picture"] == str(index)
    character = CHARACTERS[index]
    assert character.definition in text
    assert f"{character.char} {character.pinyin}".strip() in text
    shown = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L")
    glyph = np.asarray(renderer.render(CHARACTERS[index].char)).reshape(64, 2, 64, 2).mean(axis=(1, 3))
    assert np.abs(np.asarray(shown).astype(int) - glyph).max() < 20, CHARACTERS[index].char
    return index


def test_the_picture_in_the_card_belongs_to_the_point_even_after_a_filter(opened):
    renderer, generator, right = GlyphRenderer(), random.Random(0), 0
    for query, hits in (("", ""), ("tree", str(len(TREES)))):
        opened.fill("#map-query input, #map-query textarea", query)
        expect(opened.locator(".glyff-map")).to_have_attribute("data-hits", hits)
        place_of(opened, 0)  # the map lies still
        for _ in range(100):
            index = generator.randrange(len(CHARACTERS))
            opened.mouse.move(*place_now(opened, index))
            right += card_matches(opened, renderer) == index
    assert right > 100  # where points crowd, another may be nearer to the pixel


def test_a_picked_character_is_shown_with_its_neighbours_and_handed_on(opened):
    index = CODEPOINTS[ord("河")]
    go_to(opened, index)
    panel = opened.locator("#map-panel")
    expect(panel).to_contain_text("U+6CB3")
    expect(panel).to_contain_text("Radical 85 水: water · layout: left-right")
    expect(panel.locator("[data-action=go]")).to_have_count(8)
    neighbour = panel.locator("[data-action=go]").first
    expected = neighbour.get_attribute("data-index")
    neighbour.click()
    expect(opened.locator(".glyff-map")).to_have_attribute("data-selected", expected)
    expect(panel.locator(".glyff-panel")).to_have_attribute("data-index", expected)
    panel.get_by_role("button", name="Generate from this definition").click()
    expect(opened.locator("#prompt textarea")).to_have_value(CHARACTERS[int(expected)].definition)
    opened.get_by_role("tab", name="Map").click()
    panel.get_by_role("button", name="Take apart").click()
    expect(opened.locator("#step-character textarea")).to_have_value(CHARACTERS[int(expected)].char)


def test_a_click_picks_the_point_under_it(opened):
    x, y = place_of(opened, CODEPOINTS[ord("河")])
    opened.mouse.click(x, y)
    expect(opened.locator("#map-panel .glyff-panel")).to_be_visible()
    assert opened.locator(".glyff-map-card").get_attribute("data-index") == attribute(opened, "selected")


def test_search_by_word_and_by_meaning(opened):
    opened.fill("#map-query input, #map-query textarea", "dragon")
    expect(opened.locator("#map-message")).to_contain_text("characters found")
    count = int(attribute(opened, "hits"))
    assert count == sum("dragon" in c.definition.lower() for c in CHARACTERS)
    expect(opened.locator("#map-hits figure").first).to_contain_text("U+9F8D")
    opened.get_by_role("radio", name="meaning", exact=True).check()
    expect(opened.locator(".glyff-map")).to_have_attribute("data-hits", "60")
    hits = opened.locator("#map-hits").get_by_role("button", name="On the map")
    expect(hits).to_have_count(24)
    hits.first.press("Enter")
    expect(opened.locator("#map-panel .glyff-panel")).to_be_visible()
    opened.get_by_role("button", name="Show more").press("Enter")
    expect(hits).to_have_count(48)
    opened.get_by_role("button", name="Show more").press("Enter")
    expect(hits).to_have_count(60)
    expect(opened.get_by_role("button", name="Show more")).to_be_hidden()
    opened.fill("#map-query input, #map-query textarea", "x" * 201)
    expect(opened.locator("#map-message")).to_contain_text("The prompt has 201 characters")
    opened.fill("#map-query input, #map-query textarea", "")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-hits", "")


def test_near_by_points_become_glyphs(opened):
    assert attribute(opened, "drawn") == "dots"
    go_to(opened, 12000)
    for _ in range(4):
        opened.click("[data-part=zoom-in]")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-drawn", "glyphs")
    opened.click("[data-part=home]")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-drawn", "dots")


def test_the_wheel_and_the_keys_move_the_map(opened):
    where = "document.querySelector('.glyff-map').parentElement.component.at(5000)[0]"
    before = opened.evaluate(where)
    opened.locator(".glyff-map-stage").press("ArrowRight")
    opened.wait_for_function(f"{where} < {before - 30}")
    go_to(opened, 12000)
    opened.evaluate("delete document.querySelector('.glyff-map').dataset.selected")
    opened.locator(".glyff-map-stage").press("Enter")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-selected", "12000")
    opened.click("[data-part=home]")
    box = opened.locator(".glyff-map-stage").bounding_box()
    opened.mouse.move(box["x"] + 100, box["y"] + 100)
    distance = (
        "(({ at }) => Math.abs(at(1)[0] - at(2)[0]))(document.querySelector('.glyff-map').parentElement.component)"
    )
    before = opened.evaluate(distance)
    opened.mouse.wheel(0, -300)
    opened.wait_for_function(f"{distance} > {1.1 * before}")


def test_noise_drowns_the_map_and_lets_it_go(opened):
    opened.check("[data-layer=contours]")
    opened.check("[data-layer=arrows]")
    set_noise(opened, 600)
    expect(opened.locator("[data-part=noise-text]")).to_have_text("t = 600 · 2.56 % of the variance is signal")
    expect(opened.locator("[data-part=note]")).to_contain_text("noise schedule")
    expect(opened.locator("[data-part=note]")).to_contain_text("Arrows: the score")
    milliseconds = []
    for timestep in range(100, 1000, 180):
        set_noise(opened, timestep)
        milliseconds.append(float(attribute(opened, "noise-ms")))
    print(f"milliseconds from a move of the slider to the picture: median {np.median(milliseconds):.0f}")
    set_noise(opened, 0)
    expect(opened.locator("[data-part=note]")).to_contain_text("No noise")


def test_the_browser_reckons_as_python_does(opened):
    map_files = MapFiles.load()
    weights = np.full(len(map_files.positions), 1 / len(map_files.positions))
    alphas_cumprod = training_scheduler().alphas_cumprod.numpy()
    size, bandwidth = 96, map_files.manifest["bandwidth"]
    binned = density.bin_weights(map_files.positions.astype(float), weights, size)
    for alpha_bar in (1.0, float(alphas_cumprod[200]), float(alphas_cumprod[700])):
        ours = density.grid_density(binned, alpha_bar, bandwidth)
        theirs = opened.locator(".glyff-map").evaluate(
            """(map, [size, alphaBar, bandwidth]) => {
              const { density, positions } = map.parentElement.component;
              const { xs, ys } = positions();
              const binned = density.bin(xs, ys, [...xs.keys()], null, size);
              return density.grid(binned, size, alphaBar, bandwidth).map((row) => [...row]);
            }""",
            [size, alpha_bar, bandwidth],
        )
        assert np.allclose(theirs, ours, rtol=1e-4, atol=1e-5)
        places = np.array([[-0.5, 0.3], [1.2, -0.7]])
        scores = opened.locator(".glyff-map").evaluate(
            """(map, [size, alphaBar, bandwidth, xs, ys]) => {
              const { density, positions } = map.parentElement.component;
              const all = positions();
              const binned = density.bin(all.xs, all.ys, [...all.xs.keys()], null, size);
              return density.scores(binned, size, alphaBar, bandwidth, xs, ys);
            }""",
            [size, alpha_bar, bandwidth, places[:, 0].tolist(), places[:, 1].tolist()],
        )
        for arrow in scores:
            point = np.array([[arrow["x"], arrow["y"]]])
            exact = density.score(point, map_files.positions.astype(float), weights, alpha_bar, bandwidth)[0]
            error = np.linalg.norm([arrow["dx"] - exact[0], arrow["dy"] - exact[1]])
            assert error < 0.05 + 0.1 * np.linalg.norm(exact), (alpha_bar, arrow, exact)


def test_a_pick_takes_noise_and_its_contours_away(opened):
    opened.check("[data-layer=contours]")
    set_noise(opened, 600)
    heights = "Math.max(...document.querySelector('.glyff-map-plot').data[1].z.map((row) => row[48]))"
    noisy = opened.evaluate(heights)
    go_to(opened, 9000)
    expect(opened.locator(".glyff-map")).to_have_attribute("data-timestep", "0")
    expect(opened.locator("[data-part=note]")).to_contain_text("No noise")
    assert opened.evaluate(heights) != noisy


def test_a_second_pick_is_not_lost_while_the_first_is_answered(opened):
    for index in (9000, 9001, 12000):
        go_to(opened, index)
        opened.wait_for_timeout(60)  # faster than a hand, slower than the way of two requests may differ
    expect(opened.locator("#map-panel .glyff-panel")).to_have_attribute("data-index", "12000")
    opened.wait_for_timeout(500)
    expect(opened.locator("#map-panel .glyff-panel")).to_have_attribute("data-index", attribute(opened, "selected"))


def test_the_picked_character_is_text_that_can_be_copied(opened):
    go_to(opened, CODEPOINTS[ord("河")])
    figure = opened.locator("#map-panel .glyff-panel > figure")
    expect(figure.locator(".glyff-as-text")).to_have_text("河 hé")
    figure.locator(".glyff-character").dblclick()
    assert opened.evaluate("getSelection().toString()").strip() == "河"
    radical = opened.locator("#map-panel").get_by_role("img", name="水 氵")
    radical.scroll_into_view_if_needed()
    expect(radical).to_be_in_viewport(ratio=1)
    assert radical.bounding_box()["height"] >= 24


@pytest.mark.parametrize(("query", "code"), [("fire", "U+706B"), ("bird", "U+9CE5")])
def test_a_search_shows_the_character_of_the_word_first(opened, query, code):
    opened.fill("#map-query input, #map-query textarea", query)
    expect(opened.locator("#map-hits figure").first).to_contain_text(code)


def test_a_grey_point_answers_as_well_as_a_hit(opened):
    opened.fill("#map-query input, #map-query textarea", "dragon")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-hits", re.compile(r"\d+"))
    index = CODEPOINTS[ord("河")]
    go_to(opened, index)
    for _ in range(5):
        opened.click("[data-part=zoom-in]")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-drawn", "glyphs")
    x, y = place_of(opened, index)
    opened.mouse.move(x + 12, y + 12)
    expect(opened.locator(".glyff-map-card")).to_be_visible()


def test_a_running_path_leaves_the_noise_to_the_visitor(opened):
    run = """(points) => {
      const { component } = document.querySelector(".glyff-map").parentElement;
      component.update({ kind: "path", points, label: "fish", nearest: null });
    }"""
    opened.evaluate(run, [[0.1, 0.2]])
    expect(opened.locator(".glyff-map")).to_have_attribute("data-path", "1")
    set_noise(opened, 500)
    opened.evaluate(run, [[0.1, 0.2], [0.3, 0.2]])
    expect(opened.locator(".glyff-map")).to_have_attribute("data-path", "2")
    opened.wait_for_timeout(200)
    assert attribute(opened, "timestep") == "500"


def test_a_prompt_is_lit_up_and_sampled(opened):
    opened.click("#map-light")
    expect(opened.locator("#map-light-message")).to_contain_text("Type a definition to light up.")
    opened.fill("#map-prompt input, #map-prompt textarea", "fish")
    opened.click("#map-light")
    expect(opened.locator(".glyff-map")).to_have_attribute("data-lit", "400")
    expect(opened.locator("[data-part=note]")).to_contain_text("fish")
    opened.click("#map-sample")
    expect(opened.locator("#map-drawn figure")).to_have_count(2, timeout=90_000)
    assert int(attribute(opened, "path")) == 14


def test_the_path_of_a_generated_glyph_waits_on_the_map(page, page_url):
    page.goto(page_url)
    page.click("#settings button")
    page.fill("#num-steps input[type=number]", "4")
    page.press("#num-steps input[type=number]", "Tab")
    page.locator("#examples").get_by_text("fish", exact=True).click()
    expect(page.locator("#player .glyff-player")).to_have_attribute("data-state", "done", timeout=90_000)
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".glyff-map")).to_have_attribute("data-path", re.compile("[1-4]"))
    expect(page.locator("[data-part=note]")).to_contain_text("fish")


def test_colours_layers_and_the_surface(opened):
    for colour, name in (
        ("radical", "艸 grass, plant"),
        ("strokes", "29 strokes and more"),
        ("density", "dense"),
        ("layout", "other"),
    ):
        opened.select_option("[data-part=colour]", colour)
        expect(opened.locator("[data-part=legend]")).to_contain_text(name)
    opened.check("[data-layer=surface]")
    expect(opened.locator("[data-part=surface] canvas").first).to_be_visible()
    opened.uncheck("[data-layer=surface]")
    expect(opened.locator("[data-part=surface]")).to_be_hidden()


def test_the_guided_tour_goes_round(opened):
    opened.click("[data-part=tour]")
    texts = set()
    for step in range(9):
        expect(opened.locator(".glyff-map")).to_have_attribute("data-tour", str(step))
        texts.add(opened.locator("[data-part=tour-text]").inner_text())
        if step == 5:
            expect(opened.locator(".glyff-map")).to_have_attribute("data-drawn", "glyphs")
        if step < 8:
            opened.click("[data-part=tour-next]")
    assert len(texts) == 9
    opened.click("[data-part=tour-end]")
    expect(opened.locator("[data-part=tour-box]")).to_be_hidden()


def test_without_webgl_it_says_so_and_works(page, page_url):
    page.add_init_script(
        """const original = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") ? null : original.call(this, kind, ...rest);
        };"""
    )
    open_map(page, page_url)
    expect(page.locator("[data-part=fallback]")).to_contain_text("no WebGL")
    assert int(attribute(page, "points")) == -(-len(CHARACTERS) // 5)
    assert page.is_disabled("[data-layer=surface]")
    page.mouse.move(*place_of(page, CODEPOINTS[ord("河")]))
    card_matches(page, GlyphRenderer())


def test_a_tap_on_a_phone_opens_the_card(phone, page_url):
    page = open_map(phone.new_page(), page_url)
    page.touchscreen.tap(*place_of(page, CODEPOINTS[ord("河")]))
    expect(page.locator(".glyff-map-card")).to_be_visible()
    expect(page.locator("#map-panel .glyff-panel")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_fingers_zoom_on_a_phone(phone, page_url):
    page = open_map(phone.new_page(), page_url)
    distance = "(({ at }) => at(1)[0] - at(2)[0])(document.querySelector('.glyff-map').parentElement.component)"
    before = page.evaluate(distance)
    box = page.locator(".glyff-map-stage").bounding_box()
    middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = phone.new_cdp_session(page)

    def touch(kind: str, spread: float | None) -> None:
        fingers = [] if spread is None else [middle_x - spread, middle_x + spread]
        points = [{"x": x, "y": middle_y, "id": number} for number, x in enumerate(fingers)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 20)
    for spread in range(30, 90, 10):
        touch("touchMove", spread)
    touch("touchEnd", None)
    page.wait_for_function(f"Math.abs({distance}) > {3 * abs(before)}")
    assert not attribute(page, "selected"), "a pinch picks nothing"
