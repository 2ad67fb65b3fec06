"""A real Chromium, and a page on which nothing may go wrong unseen."""

import shutil
from urllib.parse import urlparse

import pytest

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
def page(page, page_url):
    """Playwright's page; the test fails on any error in the console and on any request to another origin."""
    page.set_default_timeout(60_000)
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if _is_foreign(request.url, page_url) else None)
    yield page
    assert problems == []


def _is_foreign(url: str, home: str) -> bool:
    parts = urlparse(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlparse(home).netloc
