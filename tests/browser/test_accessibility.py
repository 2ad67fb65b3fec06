"""What axe-core finds, and what a visitor with a keyboard sees."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from seen import assert_in_view

AXE = Path(__file__).parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
"""Installed by tests/web/check.sh."""

TABS = ["Generate", "One step", "Map"]

FIND_VIOLATIONS = """async () => {
    const { violations, passes } = await axe.run(document, { resultTypes: ["violations"] });
    const told = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => [
        id, help, node.target.join(" "), node.html.slice(0, 200),
        node.any.concat(node.all).map((check) => check.message).join("; "),
    ]));
    return [told, passes.length];
}"""


def open_tab(page: Page, url: str, tab: str, theme: str = "light") -> None:
    """Open a tab of the page, with what it shows first; the example is there at once."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{url}?__theme={theme}")
    expect(page.locator("#player .glyff-player")).to_have_attribute("data-step", "14")
    page.get_by_role("tab", name=tab).click()
    answers = {
        "Generate": page.locator("#player canvas"),
        "One step": page.locator("#step-row figure").first,
        "Map": page.locator(".glyff-map[data-state=ready]"),
    }
    expect(answers[tab]).to_be_visible()


def open_folds(page: Page) -> None:
    """Open every fold in sight, those inside others too."""
    closed = page.locator("button.label-wrap:not(.open):visible")
    while closed.count():
        closed.first.click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_nothing(page, page_url, tab, theme):
    open_tab(page, page_url, tab, theme)
    open_folds(page)
    page.wait_for_timeout(500)  # colours fade
    page.evaluate(AXE.read_text())
    violations, num_passed = page.evaluate(FIND_VIOLATIONS)
    assert violations == [], "\n".join(map(" · ".join, violations))
    assert num_passed > 20


CONTROLS = """() => {
    const focusable = "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";
    const seen = [...document.querySelectorAll(focusable)].filter((element) =>
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.disabled
        && element.tabIndex >= 0 && element.getBoundingClientRect().width > 4);
    const kinds = new Map();
    for (const element of seen) {
        const classes = [...element.classList].filter((name) => !name.startsWith("svelte-")).sort();
        const kind = [element.localName, element.type, element.role, ...classes].filter(Boolean).join(" ");
        if (!kinds.has(kind)) kinds.set(kind, element);
    }
    [...kinds.values()].forEach((element, index) => element.setAttribute("data-kind", index));
    return [...kinds.keys()];
}"""
"""Marks one control of each kind; the names of the kinds."""

LEAST_KINDS = {"Generate": 12, "One step": 6, "Map": 8}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_focus_shows_on_every_kind_of_control(page, page_url, tab, theme):
    open_tab(page, page_url, tab, theme)
    open_folds(page)
    page.keyboard.press("Tab")  # from now on the focus is that of a keyboard
    kinds = page.evaluate(CONTROLS)
    assert len(kinds) >= LEAST_KINDS[tab], kinds
    shares = {kind: share_of_edge_changed(page, index) for index, kind in enumerate(kinds)}
    assert {kind: share for kind, share in shares.items() if share < 1} == {}


def share_of_edge_changed(page: Page, index: int) -> float:
    """Pixels that change by 3:1 or more when a control gets the focus, relative to the length of its edge."""
    control = page.locator(f"[data-kind='{index}']")
    control.scroll_into_view_if_needed()
    page.evaluate("document.activeElement.blur()")
    without = picture_around(page, control)
    control.focus()
    with_focus = picture_around(page, control)
    box = control.bounding_box()
    changed = contrast(without, with_focus) >= 3
    return changed.sum() / (2 * (box["width"] + box["height"]))


def picture_around(page: Page, control: Locator) -> np.ndarray:
    """Relative luminance of the pixels of a control and of 6 pixels around it, once what fades has faded."""
    box, margin = control.bounding_box(), 6
    clip = {"x": box["x"] - margin, "y": box["y"] - margin} | {
        side: box[side] + 2 * margin for side in ("width", "height")
    }
    rgb = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip, animations="disabled"))).convert("RGB")) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


def test_arrow_keys_move_between_tabs(page, page_url):
    open_tab(page, page_url, "Generate")
    page.get_by_role("tab", name="Generate").focus()
    page.keyboard.press("ArrowRight")
    tab = page.get_by_role("tab", name="One step")
    expect(tab).to_be_focused()
    expect(tab).to_have_attribute("aria-selected", "true")
    assert_in_view(page.locator("#step-prompt textarea"))
    page.keyboard.press("End")
    expect(page.locator(".glyff-map[data-state=ready]")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Generate")).to_be_focused()
    expect(page.locator("#player canvas")).to_be_visible()
