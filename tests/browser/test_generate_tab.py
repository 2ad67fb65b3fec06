"""Tab 1 as a visitor uses it."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Page, Route, expect
from seen import assert_readable, wait_until_still

from glyffuser.images import read_settings
from glyffuser.pipeline import GlyffuserPipeline

PLAYER = "#player .glyff-player"
FROZEN = Path(__file__).parents[1] / "frozen"
JOINED = re.compile("queue/join")
"""Whose answer says that a run has its place in the queue, with the prompt and settings that it will have."""


@pytest.fixture
def generate_tab(page: Page, page_url: str) -> Page:
    return open_tab(page, page_url)


def open_tab(page: Page, url: str, state: str = "example") -> Page:
    page.goto(url)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", state)
    return page


def open_before_the_example(page: Page, url: str) -> Route:
    """Open the page and hold the example back, until the route that is returned is told to continue."""
    held = []
    page.route("**/gold.json", lambda route: held.append(route))
    with page.expect_request("**/gold.json"):
        open_tab(page, url, "idle")
    page.wait_for_timeout(100)  # in which the route is handed over
    return held[0]


def choose(page: Page, num_glyphs: int, num_steps: int) -> None:
    settings = page.locator("#num-glyphs")
    if not settings.is_visible():
        page.click("#settings button")
    settings.get_by_text(str(num_glyphs), exact=True).click()
    page.fill("#num-steps input[type=number]", str(num_steps))
    page.press("#num-steps input[type=number]", "Tab")


def prompt_field(page: Page):
    return page.locator("#prompt textarea")


def start(page: Page) -> None:
    run = page.get_attribute(PLAYER, "data-run")
    page.click("#generate")
    expect(page.locator(PLAYER)).not_to_have_attribute("data-run", run)


def wait_until(page: Page, state: str) -> None:
    expect(page.locator(PLAYER)).to_have_attribute("data-state", state, timeout=90_000)


def step_of(page: Page) -> int:
    return int(page.get_attribute(PLAYER, "data-step"))


def remember(page: Page, attribute: str) -> None:
    """Have the browser note every value that an attribute of the player takes from now on."""
    page.evaluate(
        """(attribute) => {
            const player = document.querySelector("#player .glyff-player");
            window.remembered = [];
            const look = () => window.remembered.push(player.getAttribute(attribute));
            new MutationObserver(look).observe(player, { attributeFilter: [attribute] });
        }""",
        attribute,
    )


def remembered(page: Page) -> list[str]:
    return page.evaluate("window.remembered")


def canvas_pixels(page: Page) -> list[int]:
    """The grey levels of the canvas, every 97th pixel."""
    return page.evaluate(
        """() => {
            const canvas = document.querySelector("#player .glyff-player canvas");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return Array.from({ length: Math.floor(data.length / 4 / 97) }, (_, i) => data[4 * 97 * i]);
        }"""
    )


def drag_scrubber(page: Page, index: int) -> None:
    page.locator("#player [data-part=scrubber]").evaluate(
        "(bar, index) => { bar.value = index; bar.dispatchEvent(new Event('input')); }", index
    )


def test_before_the_first_run_an_example_plays(page, page_url):
    example = open_before_the_example(page, page_url)
    caption = page.locator("#player [data-part=caption]")
    expect(caption).to_have_text("Pure noise. Every glyph starts here.")
    pixels = canvas_pixels(page)
    black, white = (sum(p == level for p in pixels) / len(pixels) for level in (0, 255))
    assert 0.1 < black < 0.25 and 0.1 < white < 0.25  # noise of unit variance is clipped on either side in 16 %
    remember(page, "data-step")
    example.continue_()
    wait_until(page, "example")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "14")
    steps = [int(step) for step in remembered(page) if step]
    assert steps == sorted(steps) and len(set(steps)) > 10
    expect(caption).to_contain_text("Example: gold · step 14 of 14 · guessed at timestep 121 · Finished.")
    assert sum(p > 230 for p in canvas_pixels(page)) > len(pixels) / 2  # paper
    drag_scrubber(page, 10)
    expect(caption).to_contain_text("Example: gold · step 10 of 14")
    page.locator("#player canvas").click(position={"x": 20, "y": 20})
    expect(page.locator("#player [data-part=picked]")).to_have_text("Glyph 1 · seed 0")
    choose(page, 1, 2)
    start(page)
    wait_until(page, "done")
    expect(caption).to_contain_text(re.compile("^step 2 of 2"))


def test_where_motion_is_unwelcome_the_example_is_there_at_once(page, page_url):
    page.emulate_media(reduced_motion="reduce")
    example = open_before_the_example(page, page_url)
    remember(page, "data-step")
    example.continue_()
    wait_until(page, "example")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "14")
    assert [step for step in remembered(page) if step] == ["14"]


def test_frames_advance_from_noise_to_glyphs(generate_tab):
    page = generate_tab
    choose(page, 4, 12)
    clicked = time.monotonic()
    start(page)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile(r"\d+"))
    first_frame = time.monotonic() - clicked
    remember(page, "data-step")
    wait_until(page, "done")
    print(f"first frame after {first_frame:.2f} s")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "12")
    steps = [int(step) for step in remembered(page)]
    assert steps == sorted(steps) and len(set(steps)) > 4
    pixels = canvas_pixels(page)
    assert sum(p > 230 for p in pixels) > len(pixels) / 2  # paper
    assert sum(p < 60 for p in pixels) > len(pixels) / 20  # ink


def test_enter_starts_a_run_and_a_chip_starts_its_own(generate_tab):
    page = generate_tab
    choose(page, 1, 2)
    prompt_field(page).fill("a mountain in spring")
    prompt_field(page).press("Enter")
    wait_until(page, "done")
    expect(page.locator("#player canvas")).to_have_attribute(
        "aria-label", re.compile("for a mountain in spring, step 2 of 2")
    )
    page.locator("#examples").get_by_text("fish", exact=True).click()
    expect(page.locator("#player canvas")).to_have_attribute("aria-label", re.compile("for fish, step 2 of 2"))
    expect(prompt_field(page)).to_have_value("fish")


def test_the_last_of_several_clicks_is_drawn_and_stop_ends_them_all(generate_tab):
    page = generate_tab
    choose(page, 16, 60)
    start(page)
    for example in ("fish", "sickness", "silk thread"):
        page.locator("#examples").get_by_text(example, exact=True).click()
        expect(prompt_field(page)).to_have_value(example)
    expect(page.locator("#player canvas")).to_have_attribute("aria-label", re.compile("for silk thread"))
    for _ in range(2):
        with page.expect_response(JOINED):  # what Gradio has no name for yet, it cannot cancel without a complaint
            page.click("#generate")
    page.click("#stop")
    wait_until(page, "stopped")
    run = page.get_attribute(PLAYER, "data-run")
    other = open_tab(page.context.new_page(), page.url)  # its run waits for all that was ordered before
    choose(other, 1, 1)
    start(other)
    wait_until(other, "done")
    assert page.get_attribute(PLAYER, "data-run") == run
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "stopped")


def test_a_replay_during_a_run_catches_up_with_it(generate_tab):
    page = generate_tab
    choose(page, 4, 20)
    start(page)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile("[2-9]"))
    drag_scrubber(page, 0)
    page.click("#player [data-part=play]")
    wait_until(page, "done")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "20")
    caption = page.locator("#player [data-part=caption]")
    expect(caption).to_contain_text("step 20 of 20 · guessed at timestep 86 · Finished.")
    expect(caption).to_contain_text(
        re.compile(r"suggest the radical 金 \(gold, metal\); .* sees it in [0-4] of 4\. Pick a glyph")
    )
    expect(page.locator("#player [data-part=status]")).to_contain_text(
        "Finished. These words suggest the radical 金 (gold, metal)"
    )
    page.get_by_label("Noisy glyph").check()
    expect(caption).to_contain_text("step 20 of 20 · timestep 0 · Finished.")


def test_stop_acts_at_once_and_keeps_what_is_there(generate_tab):
    page = generate_tab
    choose(page, 16, 120)
    start(page)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile("[1-9]"))
    clicked = time.monotonic()
    page.click("#stop")
    wait_until(page, "stopped")
    assert time.monotonic() - clicked < 2
    stopped_at = step_of(page)
    assert 0 < stopped_at < 120
    drag_scrubber(page, 0)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "0")
    choose(page, 1, 2)
    start(page)  # the model is free again
    wait_until(page, "done")


def test_a_refused_order_ends_the_run_before_it_as_stop_does(generate_tab):
    page = generate_tab
    choose(page, 4, 120)
    start(page)
    expect(page.locator(PLAYER)).to_have_attribute("data-step", re.compile("[1-9]"))
    prompt_field(page).fill("x" * 201)
    page.click("#generate")
    wait_until(page, "stopped")
    expect(page.locator("#message")).to_contain_text("201 characters")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("Stopped at step")


def test_a_finished_run_can_be_scrubbed_replayed_and_seen_both_ways(generate_tab):
    page = generate_tab
    choose(page, 1, 10)
    start(page)
    wait_until(page, "done")
    finished = canvas_pixels(page)
    drag_scrubber(page, 1)
    expect(page.locator("#player [data-part=caption]")).to_contain_text("What the model believes")
    guessed = canvas_pixels(page)
    assert guessed != finished
    page.get_by_label("Noisy glyph").check()
    expect(page.locator("#player [data-part=caption]")).to_contain_text("What is there")
    noisy = canvas_pixels(page)
    assert sum(p > 200 for p in guessed) > sum(p > 200 for p in noisy)  # the guess is paper, not noise
    page.get_by_label("Predicted glyph").check()
    drag_scrubber(page, 0)
    page.click("#player [data-part=play]")
    expect(page.locator("#player [data-part=play]")).to_have_text("Pause")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "10")
    expect(page.locator("#player [data-part=play]")).to_have_text("Play")
    assert canvas_pixels(page) == finished


def test_the_downloads_are_the_pictures_with_their_settings(generate_tab):
    page = generate_tab
    choose(page, 4, 3)
    prompt_field(page).fill("fish")
    start(page)
    wait_until(page, "done")
    seed = int(page.input_value("#seed input"))
    assert download(page, "download") == ("glyffuser-fish.png", [seed, seed + 1, seed + 2, seed + 3])
    expect(page.locator("#player [data-part=download-one]")).to_be_hidden()
    box = page.locator("#player canvas").bounding_box()
    fourth = {"x": box["width"] * 0.75, "y": box["height"] * 0.75}
    page.locator("#player canvas").click(position=fourth)
    expect(page.locator("#player [data-part=picked]")).to_have_text(f"Glyph 4 · seed {seed + 3}")
    assert download(page, "download-one") == (f"glyffuser-fish-{seed + 3}.png", [seed + 3])
    expect(page.locator("#is-it-new figure")).to_have_count(5)
    of_the_fourth = page.locator("#is-it-new").inner_html()
    page.locator("#player canvas").press("ArrowLeft")
    expect(page.locator("#player [data-part=picked]")).to_have_text(f"Glyph 3 · seed {seed + 2}")
    page.wait_for_function("html => document.querySelector('#is-it-new').innerHTML !== html", arg=of_the_fourth)
    expect(page.locator("#is-it-new")).to_contain_text(re.compile(r"^\s*(New|Hardly new|Not new): "))
    page.locator("#player canvas").press("Escape")
    expect(page.locator("#player [data-part=picked]")).to_have_text(f"Seeds {seed} to {seed + 3}")
    expect(page.locator("#is-it-new figure")).to_have_count(0)


def test_the_only_glyph_is_compared_with_real_ones_until_the_next_run(generate_tab):
    page = generate_tab
    choose(page, 1, 2)
    start(page)
    wait_until(page, "done")
    expect(page.locator("#is-it-new figure")).to_have_count(5)
    choose(page, 16, 60)
    start(page)
    expect(page.locator("#is-it-new figure")).to_have_count(0)


def download(page: Page, name: str) -> tuple[str, list[int]]:
    with page.expect_download() as waiting:
        page.click(f"#player [data-part={name}]")
    content = waiting.value.path().read_bytes()
    return waiting.value.suggested_filename, read_settings(content)["seeds"]


def test_a_png_brings_its_settings_back(generate_tab, tmp_path):
    page = generate_tab
    choose(page, 9, 4)
    page.fill("#seed input", "1234")
    page.fill("#pag input[type=number]", "1.5")
    prompt_field(page).fill("fish")
    start(page)
    wait_until(page, "done")
    pixels, kept = canvas_pixels(page), tmp_path / "kept.png"
    with page.expect_download() as waiting:
        page.click("#player [data-part=download]")
    waiting.value.save_as(kept)
    assert read_settings(kept.read_bytes())["pag_scale"] == 1.5

    page.reload()
    page.click("#settings button")
    stranger = tmp_path / "stranger.png"
    Image.new("L", (8, 8)).save(stranger)
    page.set_input_files("#settings input[type=file]", stranger)
    expect(page.locator("#png-message [role=alert]")).to_have_text("This picture holds no glyffuser settings.")
    expect(prompt_field(page)).to_have_value("gold")
    page.set_input_files("#settings input[type=file]", kept)
    expect(page.locator("#png-message")).to_have_text("Definition, seed and settings are those of the picture.")
    expect(prompt_field(page)).to_have_value("fish")
    expect(page.locator("#pag input[type=number]")).to_have_value("1.5")
    start(page)
    wait_until(page, "done")
    expect(page.locator("#player [data-part=picked]")).to_have_text("Seeds 1234 to 1242")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("Finished")
    assert canvas_pixels(page) == pixels


def test_a_run_is_kept_as_an_animation(generate_tab):
    page, fetched = generate_tab, []
    page.on("request", lambda request: fetched.append(request.url))
    prompt_field(page).fill("fish that flies")
    choose(page, 4, 8)
    page.fill("#seed input", "7")
    start(page)
    wait_until(page, "done")
    assert not any("gifenc" in url for url in fetched)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download animation").click()
    assert waiting.value.suggested_filename == "glyffuser-fish-that-flies.gif"
    with Image.open(waiting.value.path()) as gif:
        assert gif.size == (2 * 262, 2 * (262 + 26)) and gif.info["loop"] == 0
        assert gif.n_frames == int(page.get_attribute(PLAYER, "data-frames"))
        scenes = [np.array(scene.convert("L")) for scene in ImageSequence.Iterator(gif)]
    noise, glyphs = scenes[0][:256, :256], scenes[-1][:256, :256]
    assert 0.15 < (noise < 64).mean() < 0.35 and 0.15 < (noise > 191).mean() < 0.35
    assert 0.1 < (glyphs < 64).mean() < 0.5 and (glyphs > 191).mean() > 0.5
    label = scenes[-1][2 * 262 :]
    assert (label < 128).sum() > 500 and (label[:, :100] > 250).all()  # the prompt, in the middle of its line


def test_a_seed_that_was_typed_is_used_and_another_is_rolled(generate_tab):
    page = generate_tab
    choose(page, 1, 1)
    page.fill("#seed input", "1234")
    expect(page.get_by_label("New seed every time")).not_to_be_checked()
    start(page)
    wait_until(page, "done")
    expect(page.locator("#player [data-part=picked]")).to_have_text("Seed 1234")
    first = canvas_pixels(page)
    run = page.get_attribute(PLAYER, "data-run")
    page.click("#generate")
    expect(page.locator(PLAYER)).not_to_have_attribute("data-run", run)
    wait_until(page, "done")
    assert canvas_pixels(page) == first
    page.click("#dice")
    expect(page.locator("#seed input")).not_to_have_value("1234")


def test_a_seed_out_of_range_is_explained_at_its_field(generate_tab):
    page = generate_tab
    page.click("#settings button")
    page.fill("#seed input", "-3")
    expect(page.locator("#seed-message")).to_have_text("A seed is a whole number from 0 to 4294967295.")
    page.click("#generate")
    expect(page.locator("#message")).to_contain_text("got -3")
    expect(page.locator("#seed input")).to_have_value("-3")


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("золото", "The model has learnt English definitions only"),
        ("", "No definition: the model draws whatever comes to it"),
    ],
)
def test_each_odd_prompt_gets_a_sentence_and_stays(generate_tab, prompt, sentence):
    page = generate_tab
    prompt_field(page).fill(prompt)
    expect(page.locator("#message")).to_contain_text(sentence)
    choose(page, 1, 1)
    start(page)
    wait_until(page, "done")
    expect(page.locator("#message")).to_contain_text(sentence)
    expect(prompt_field(page)).to_have_value(prompt)


def test_a_prompt_that_is_too_long_is_refused_and_stays(generate_tab):
    page = generate_tab
    choose(page, 1, 1)
    remember(page, "data-run")
    prompt_field(page).fill("x" * 201)
    expect(page.locator("#message")).to_contain_text("The prompt has 201 characters; 200 is the most.")
    with page.expect_response(JOINED):  # only then is the next prompt not this run's
        page.click("#generate")
    expect(page.locator("#message")).to_contain_text("The prompt has 201 characters; 200 is the most.")
    expect(prompt_field(page)).to_have_value("x" * 201)
    prompt_field(page).fill("gold")
    start(page)
    wait_until(page, "done")
    assert len(remembered(page)) == 1  # the refused run never began


def test_markup_in_a_prompt_is_only_text(generate_tab):
    page = generate_tab
    choose(page, 1, 1)
    prompt = "<b>gold</b> ${1+1} {{this}} `x`"
    prompt_field(page).fill(prompt)
    start(page)
    wait_until(page, "done")
    assert prompt in page.get_attribute("#player canvas", "aria-label")


def test_the_words_alone_suggest_something_else_for_each_prompt(generate_tab):
    page = generate_tab
    picture = page.locator("#suggestion figure > img")
    gold = picture.get_attribute("src")
    words = page.locator("#suggestion figcaption")
    expect(words).to_have_text(
        re.compile(r"^What the words alone suggest: the radical\s+gold, metal \(\d+% sure\)\s*$")
    )
    radical = words.get_by_role("img", name="金 釒 钅")
    expect(radical).to_be_in_viewport(ratio=1)
    box = radical.bounding_box()
    assert 24 <= box["height"] <= 40 and box["width"] > 2.5 * box["height"]
    prompt_field(page).fill("fish")
    expect(picture).not_to_have_attribute("src", gold)
    expect(words).to_contain_text("fish")
    expect(words.get_by_role("img", name="魚 鱼")).to_be_in_viewport(ratio=1)
    prompt_field(page).fill("")
    expect(words).to_have_text("What the words alone suggest")
    prompt_field(page).fill("gold")
    expect(picture).to_have_attribute("src", gold)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_phone_layout_fits_and_shows_the_run(page, page_url, theme):
    page.set_viewport_size({"width": 390, "height": 844})
    open_tab(page, f"{page_url}?__theme={theme}")
    choose(page, 4, 2)
    start(page)
    wait_until(page, "done")
    expect(page.locator("#player canvas")).to_be_in_viewport()
    page.click("#same-noise button")
    expect(page.locator("#same-noise-player canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in ("#generate", "#stop", "#player [data-part=play]", "#player [data-part=download]"):
        assert page.locator(control).bounding_box()["height"] >= 44, control


def test_in_the_dark_the_page_is_dark_and_the_glyphs_are_ink_on_paper(page, page_url):
    open_tab(page, f"{page_url}?__theme=dark")
    background = page.evaluate("getComputedStyle(document.querySelector('.gradio-container')).backgroundColor")
    assert max(map(int, re.findall(r"\d+", background)[:3])) < 64
    choose(page, 1, 8)
    start(page)
    wait_until(page, "done")
    expect(page.locator(PLAYER)).to_have_attribute("data-step", "8")
    pixels = canvas_pixels(page)
    assert sum(p > 230 for p in pixels) > len(pixels) / 2


def test_a_link_replays_a_run(generate_tab, page_url):
    page = generate_tab
    choose(page, 4, 3)
    prompt_field(page).fill("a bird & a fish")
    start(page)
    wait_until(page, "done")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("Finished")
    link, seed, pixels = page.locator("#player [data-part=link]"), page.input_value("#seed input"), canvas_pixels(page)
    address = link.evaluate("(link) => link.href")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link.click()
    expect(link).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == address

    page.goto(address)
    wait_until(page, "done")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("Finished")
    expect(prompt_field(page)).to_have_value("a bird & a fish")
    assert canvas_pixels(page) == pixels
    page.click("#settings button")
    expect(page.locator("#seed input")).to_have_value(seed)
    expect(page.locator("#new-seed input")).not_to_be_checked()


@pytest.mark.parametrize("version", ["v1", "v1_before_pag"])
def test_old_links_are_drawn_for_ever(page, page_url, version):
    links = json.loads((FROZEN / "links.json").read_text(encoding="utf-8"))
    open_tab(page, f"{page_url}?{links[version]}", "done")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("step 6 of 6")
    expect(page.locator("#link-message")).to_be_empty()
    page.click("#settings button")
    expect(page.locator("#pag input[type=number]")).to_have_value("2.5" if version == "v1" else "0")


def test_a_link_of_another_checkpoint_is_drawn_and_says_so(page, page_url):
    links = json.loads((FROZEN / "links.json").read_text(encoding="utf-8"))
    open_tab(page, f"{page_url}?{links['v2']}", "done")
    expect(page.locator("#link-message")).to_contain_text("first drawn by another version of the model")
    page.click("#settings button")
    page.click("#intervals button")
    expect(page.locator("#guidance-from input[type=number]")).to_have_value("300")
    start(page)
    expect(page.locator("#link-message")).to_be_empty()


def test_pngs_of_all_versions_fill_the_settings(generate_tab):
    page = generate_tab
    page.click("#settings button")
    upload = page.locator("#settings input[type=file]")
    for name, steps, pag, sentence in (
        ("run_v1", "6", "2.5", "Definition, seed and settings are those of the picture."),
        ("run_v1_before_pag", "6", "0", "Definition, seed and settings are those of the picture."),
        ("run_v2", "6", "2.5", "first drawn by another version of the model"),
    ):
        upload.set_input_files(FROZEN / f"{name}.png")
        expect(page.locator("#pag input[type=number]")).to_have_value(pag)
        expect(page.locator("#num-steps input[type=number]")).to_have_value(steps)
        expect(page.locator("#png-message")).to_contain_text(sentence)


def test_steps_take_no_fraction(generate_tab):
    page = generate_tab
    choose(page, 1, 1)
    page.fill("#num-steps input[type=number]", "3.7")
    page.press("#num-steps input[type=number]", "Tab")
    expect(page.locator("#num-steps input[type=number]")).to_have_value("4")
    start(page)
    wait_until(page, "done")
    expect(page.locator("#player [data-part=caption]")).to_contain_text("step 4 of 4")


def test_no_address_shows_where_the_server_keeps_its_files(generate_tab, page_url):
    addresses = generate_tab.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any("/glyff/components-" in address for address in addresses)
    folder = str(Path(__file__).parents[2])
    assert not any(folder in address for address in addresses)
    assert folder not in generate_tab.request.get(f"{page_url}config").text()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("prompt=gold&num_glyphs=17", "Number of glyphs must be a whole number from 1 to 16; got 17."),
        ("prompt=gold&seed=minus+one", "Seed must be a whole number from 0 to 4294967295; got 'minus one'."),
    ],
)
def test_a_link_that_somebody_bent_begins_nothing_and_says_why(page, page_url, query, sentence):
    open_tab(page, f"{page_url}?{query}", "idle")
    expect(page.locator("#link-message")).to_have_text(sentence)
    assert page.get_attribute(PLAYER, "data-state") == "idle"


def test_one_thing_changed_and_the_noise_kept(generate_tab):
    prompt_field(generate_tab).fill("")
    generate_tab.click("#same-noise button")
    generate_tab.click("#compare")
    message = generate_tab.locator("#same-noise-message [role=alert]")
    expect(message).to_have_text("There are no words to add one by one; type a definition first.")
    prompt_field(generate_tab).fill("bird of gold")
    choose(generate_tab, 1, 4)
    generate_tab.fill("#pag input[type=number]", "1.5")
    player = generate_tab.locator("#same-noise-player .glyff-player")
    expect(player).to_have_attribute("data-state", "idle")  # a refusal changes nothing

    generate_tab.click("#compare")
    expect(player).to_have_attribute("data-state", "done", timeout=90_000)
    expect(player.locator("li")).to_have_text(["no words", "+ bird", "+ of", "+ gold"])
    expect(message).to_have_count(0)
    names_stand_below_their_glyphs(player)
    canvas = player.locator("canvas").bounding_box()
    player.locator("canvas").click(position={"x": canvas["width"] * 0.75, "y": canvas["height"] * 0.7})
    expect(player.locator("[data-part=picked]")).to_have_text("Glyph 4 · + gold")
    with generate_tab.expect_download() as waiting:
        player.get_by_text("Download this glyph").click()
    kept = read_settings(waiting.value.path().read_bytes())
    assert (kept["prompt"], kept["num_inference_steps"], kept["pag_scale"]) == ("bird of gold", 4, 1.5)
    player.locator("li").first.click()  # what is written below a glyph belongs to it
    expect(player.locator("[data-part=picked]")).to_have_text("Glyph 1 · no words")
    with generate_tab.expect_download() as waiting:
        player.get_by_role("button", name="Download animation").click()
    with Image.open(waiting.value.path()) as gif:
        gif.seek(gif.n_frames - 1)
        scene = np.array(gif.convert("L"))
    assert scene.shape == (2 * (304 + 26), 2 * 262)
    names = scene[2 * 128 : 2 * 152]  # the gap below the first row, twice as large
    assert (names[:, :256] < 128).sum() > 100 and (names[:, 268:] < 128).sum() > 100

    generate_tab.locator("#same-noise-change").get_by_text("another definition", exact=True).click()
    generate_tab.fill("#same-noise-other textarea", "fish")
    generate_tab.press("#same-noise-other textarea", "Enter")
    expect(player.locator("li")).to_have_text(["bird of gold", "fish", "where they differ"])
    expect(player).to_have_attribute("data-state", "done", timeout=90_000)

    generate_tab.locator("#same-noise-change").get_by_text("steps", exact=True).click()
    expect(generate_tab.locator("#same-noise-change")).to_contain_text("longer strides")
    expect(generate_tab.locator("#same-noise-other")).to_have_count(0)
    generate_tab.click("#compare")
    expect(player).to_have_attribute("data-state", "running")
    expect(player.locator("[data-part=caption]")).to_contain_text("model call")
    generate_tab.click("#compare-stop")
    expect(player).to_have_attribute("data-state", "stopped")


def names_stand_below_their_glyphs(player) -> None:
    """Two rows of two: each name lies in its glyph's column, in the gap under it."""
    canvas = player.locator("canvas").bounding_box()
    for i, name in enumerate(player.locator("li").all()):
        box = name.bounding_box()
        left, top = (box["x"] - canvas["x"]) / canvas["width"], (box["y"] - canvas["y"]) / canvas["height"]
        assert left == pytest.approx((0, 134 / 262)[i % 2], abs=0.01)
        assert top == pytest.approx((128 / 304, 280 / 304)[i // 2], abs=0.01)
        assert box["y"] + box["height"] < canvas["y"] + canvas["height"] + 1


def test_a_grey_glyph_is_explained_and_mended(page, page_url):
    query = "prompt=gold&num_glyphs=1&num_inference_steps=1&guidance_scale=1&pag_scale=0&seed=1"
    open_tab(page, f"{page_url}?{query}", "done")
    caption = page.locator(f"{PLAYER} [data-part=caption]")
    caption.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
    wait_until_still(caption)
    assert_readable(caption, "Unfinished, still grey: 1 of 1.")
    mend = page.locator("#mend")
    mend.scroll_into_view_if_needed()
    assert_readable(mend, "lower guidance, another seed")
    mend.click()
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "running", timeout=90_000)
    expect(mend).to_be_hidden()
    page.click("#stop")
    wait_until(page, "stopped")
    page.click("#settings button")
    expect(page.locator("#num-steps input[type=number]")).to_have_value("14")
    expect(page.locator("#seed input")).not_to_have_value("1")


def test_the_same_run_is_drawn_once_and_replayed_whole(page, page_url, monkeypatch):
    networks, begin = [], GlyffuserPipeline.begin

    def watched(pipeline, prompts, seeds, config, *more):
        networks.append(config.network)
        return begin(pipeline, prompts, seeds, config, *more)

    monkeypatch.setattr(GlyffuserPipeline, "begin", watched)
    open_tab(page, f"{page_url}?prompt=silk&num_glyphs=1&num_inference_steps=8&seed=77", "done")
    assert networks.count("full") == 1  # beside the draft of these words
    player = page.locator(PLAYER)
    num_frames, glyph = player.get_attribute("data-frames"), picture_of(page)
    start(page)
    wait_until(page, "done")
    expect(player).to_have_attribute("data-frames", num_frames)
    assert int(num_frames) > 4 and picture_of(page) == glyph
    assert networks.count("full") == 1


def picture_of(page: Page) -> str:
    return page.locator(f"{PLAYER} [data-part=download]").get_attribute("href")
