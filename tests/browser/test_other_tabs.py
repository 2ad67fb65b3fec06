"""Tabs 2 and 3, and what stands around them, as a visitor uses them."""

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def opened(page: Page, page_url: str) -> Page:
    page.goto(page_url)
    return page


def test_one_step_shows_what_the_prompt_adds(opened):
    opened.get_by_role("tab", name="One step").click()
    row = opened.locator("#step-row figure")
    expect(row).to_have_count(6)
    difference = row.last.locator("img")
    gold = difference.get_attribute("src")
    opened.fill("#step-prompt textarea", "fish")
    expect(difference).not_to_have_attribute("src", gold)


def test_one_step_takes_a_real_character(opened):
    opened.get_by_role("tab", name="One step").click()
    opened.fill("#step-character textarea", "河")
    row = opened.locator("#step-row figure")
    expect(row).to_have_count(7)
    expect(opened.locator("#step-row")).to_contain_text("log-SNR -10.1")
    opened.fill("#step-timestep input[type=number]", "300")
    opened.press("#step-timestep input[type=number]", "Tab")
    expect(opened.locator("#step-row")).not_to_contain_text("log-SNR -10.1")


@pytest.mark.parametrize("character", ["河川", "\U0001f600"])
def test_one_step_refuses_what_it_cannot_draw(opened, character):
    opened.get_by_role("tab", name="One step").click()
    expect(opened.locator("#step-row figure")).to_have_count(6)
    opened.fill("#step-character textarea", character)
    expect(opened.locator("#step-message [role=alert]")).to_be_visible()
    expect(opened.locator("#step-row figure")).to_have_count(6)  # what was there stays


def test_the_real_characters_are_found_by_their_words(opened):
    opened.get_by_role("tab", name="Map").click()
    expect(opened.locator("#map-message")).to_have_text("33 characters found.")
    expect(opened.locator("#map-hits figure")).to_have_count(33)
    opened.fill("#map-query textarea", "河")
    expect(opened.locator("#map-hits figure")).to_have_count(1)
    expect(opened.locator("#map-hits")).to_contain_text("river")
    opened.fill("#map-query textarea", "no such word")
    expect(opened.locator("#map-message")).to_contain_text("No character has this word")


def test_how_it_works_unfolds(opened):
    opened.click("#how-it-works button")
    expect(opened.locator("#how-it-works")).to_contain_text("Noise in, glyph out.")


@pytest.mark.parametrize("tab", ["One step", "Map"])
def test_no_tab_scrolls_sideways_on_a_phone(opened, tab):
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.get_by_role("tab", name=tab).click()
    expect(opened.locator("figure:visible").nth(4)).to_be_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
