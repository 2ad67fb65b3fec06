"""Everything on the page works under its own content security policy, and a browser has nothing to say of it."""

from playwright.sync_api import Page, expect

from glyffuser.ui.headers import POLICY

PLAYER = "#player .glyff-player"
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def run(page: Page) -> None:
    before = page.get_attribute(PLAYER, "data-run")
    page.click("#generate")
    expect(page.locator(PLAYER)).not_to_have_attribute("data-run", before, timeout=120_000)
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "done", timeout=120_000)


def test_runs_on_server_and_device_one_step_and_the_map_break_no_rule(page: Page, page_url: str):
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.add_init_script(VIOLATIONS)
    assert page.goto(page_url).headers["content-security-policy"] == POLICY
    expect(page.locator(PLAYER)).to_have_attribute("data-state", "example")
    page.click("#settings button")
    page.locator("#num-glyphs").get_by_text("1", exact=True).click()
    page.fill("#num-steps input[type=number]", "2")
    page.press("#num-steps input[type=number]", "Tab")
    run(page)
    page.locator("#own-device input[value=device]").check()
    run(page)
    with page.expect_download():
        page.click("#player [data-part=download]")
    page.get_by_role("tab", name="One step").click()
    page.fill("#step-character input, #step-character textarea", "河")
    expect(page.locator("#step-curve .js-plotly-plot")).to_be_visible(timeout=120_000)
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#map canvas").first).to_be_visible()
    page.wait_for_timeout(2_000)
    assert page.evaluate("violations") == []
    assert [text for text in said if "olicy" in text or "efused" in text] == []


def test_what_is_foreign_is_refused(browser, page_url: str):
    """In a context of its own, since the refusals stand in the console."""
    page = browser.new_page()
    page.add_init_script(VIOLATIONS)
    page.goto(page_url)
    page.evaluate("""() => {
      const image = document.createElement("img");
      image.src = "https://example.org/x.png";
      document.body.append(image);
      const script = document.createElement("script");
      script.src = "https://example.org/x.js";
      document.body.append(script);
      return fetch("https://example.org/").catch(() => null);
    }""")
    page.wait_for_function("violations.length >= 3")
    assert {entry.split()[0] for entry in page.evaluate("violations")} == {"img-src", "script-src-elem", "connect-src"}
    page.close()
