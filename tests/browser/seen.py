"""What a person sees of an element: not that it is in the document, but that it can be read."""

from playwright.sync_api import Locator

SEE = """(element) => {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5]].map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
  const onTop = points.map(([x, y]) => document.elementFromPoint(x, y));
  return {
    text: element.innerText ?? "",
    width: box.width,
    height: box.height,
    left: box.left,
    right: box.right,
    top: box.top,
    bottom: box.bottom,
    windowWidth: document.documentElement.clientWidth,
    windowHeight: innerHeight,
    covered: onTop.filter((found) => !found || !(element.contains(found) || found.contains(element))).length,
    fontSize: parseFloat(style.fontSize),
    contrast: contrastOf(style.color, backgroundOf(element)),
  };

  function backgroundOf(node) {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  }

  function contrastOf(...colours) {
    const [a, b] = colours.map(luminance).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }

  function luminance(colour) {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
}"""


def see(element: Locator) -> dict:
    """Box, text, contrast and what covers an element, in CSS pixels of the window."""
    return element.evaluate(SEE)


def assert_in_view(element: Locator, least_height: float = 10) -> dict:
    """The element is large enough, wholly in the window, and nothing lies over it.

    Args:
        element: one element.
        least_height: in pixels.
    """
    seen = see(element)
    assert seen["width"] >= 40 and seen["height"] >= least_height, seen
    assert seen["left"] >= -1 and seen["right"] <= seen["windowWidth"] + 1, seen
    assert seen["top"] >= -1 and seen["bottom"] <= seen["windowHeight"] + 1, seen
    assert seen["covered"] == 0, seen
    return seen


def assert_readable(element: Locator, text: str) -> None:
    """The element is in view, holds the text, and the text is large and dark (or bright) enough to be read."""
    seen = assert_in_view(element)
    assert text in seen["text"], seen
    assert seen["fontSize"] >= 12 and seen["contrast"] >= 4.5, seen


def wait_until_still(*elements: Locator) -> None:
    """Wait until what scrolls elements of one page has ended."""
    elements[0].page.evaluate(
        """async (elements) => {
            let [before, still] = ["", 0];
            while (still < 12) { // longer than answers take to begin to scroll
                const tops = elements.map((element) => element.getBoundingClientRect().top).join();
                still = tops === before ? still + 1 : 0;
                before = tops;
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }""",
        [element.element_handle() for element in elements],
    )
