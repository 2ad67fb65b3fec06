"""A real Chromium, and a page on which nothing may go wrong unseen."""

import shutil
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect

TIMEOUT = 30_000
expect.set_options(timeout=TIMEOUT)

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
]
SYSTEM_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium where there is one, else playwright's own."""
    found = next(filter(None, map(shutil.which, SYSTEM_CHROMIUMS)), None)
    return browser_type_launch_args | {"args": FLAGS} | ({"executable_path": found} if found else {})


@pytest.fixture
def context(context, page_url):
    """Playwright's context; the test fails on any error in a console and on any request to another origin."""
    problems = watch(context, page_url)
    yield context
    assert problems == []


@pytest.fixture
def phone(browser, page_url):
    """A context with a small screen and touch, watched in the same way."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    problems = watch(context, page_url)
    yield context
    context.close()
    assert problems == []


def watch(context, page_url: str) -> list[str]:
    problems = []
    context.set_default_timeout(TIMEOUT)
    context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("request", lambda request: problems.append(request.url) if _is_foreign(request.url, page_url) else None)
    return problems


def _is_foreign(url: str, home: str) -> bool:
    parts = urlparse(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlparse(home).netloc
