"""The glyph that appears while one types."""

import base64

import pytest
from playwright.sync_api import Page, expect
from seen import assert_in_view

from glyffuser.images import read_settings
from glyffuser.ui.drafts import SEED

PLAYER = "#player .glyff-player"
DRAFT = "#draft img"


def type_prompt(page: Page, prompt: str) -> None:
    page.fill("#prompt textarea", prompt)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844), (320, 640)], ids=["desktop", "phone", "narrow"])
def test_a_draft_follows_the_words_beside_what_they_suggest(page: Page, page_url: str, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(page_url)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    type_prompt(page, "fish")
    expect(page.locator(DRAFT)).to_have_attribute("alt", "A glyph for fish")
    first = page.get_attribute(DRAFT, "src")
    page.locator(DRAFT).scroll_into_view_if_needed()
    draft, suggestion = (assert_in_view(page.locator(f"{name} img").first, 100) for name in ("#draft", "#suggestion"))
    assert abs(draft["top"] - suggestion["top"]) < 2 and draft["left"] >= suggestion["right"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for chip in page.locator("#examples button").all():  # on a phone a strip that moves sideways
        chip.scroll_into_view_if_needed()
        assert_in_view(chip, 40)
    type_prompt(page, "bird")
    expect(page.locator(DRAFT)).to_have_attribute("alt", "A glyph for bird")
    assert page.get_attribute(DRAFT, "src") != first
    type_prompt(page, "")
    expect(page.locator(DRAFT)).to_have_count(0)
    expect(page.locator("#draft-in-full")).to_be_hidden()


def test_where_motion_is_unwelcome_no_draft_appears(page: Page, page_url: str):
    page.emulate_media(reduced_motion="reduce")
    page.goto(page_url)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    type_prompt(page, "fish")
    with page.expect_response(lambda answer: "/run/predict" in answer.url or "/queue" in answer.url):
        type_prompt(page, "bird")
    page.wait_for_timeout(1_000)
    expect(page.locator(DRAFT)).to_have_count(0)


def test_a_draft_is_drawn_in_full_from_its_own_noise(page: Page, page_url: str):
    page.goto(page_url)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    page.check("#network input[value=fast]")
    type_prompt(page, "fish")
    page.click("#draft-in-full")
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "done")
    settings = read_settings(
        base64.b64decode(page.get_attribute("#player [data-part=download]", "href").partition(",")[2])
    )
    assert (settings["prompt"], settings["seeds"], settings["network"]) == ("fish", [SEED], "full")
    expect(page.locator("#new-seed input")).not_to_be_checked()
