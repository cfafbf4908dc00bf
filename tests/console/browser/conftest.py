"""A browser that is signed in to a server with a small fleet; it fails on any error, violation or foreign request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from signfleet.testing import TestingServer
from tests.browser import running_browser, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
DEVICES = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestingServer]:
    """Runs a server with twelve simulated players, one of them dark."""
    with TestingServer(tmp_path_factory.mktemp("server")) as server:
        server.seed(devices=DEVICES)
        server.player(server.installation()["devices"][0]["serial"], "Dark")
        server.advance(1800)
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def cookies(browser: Browser, server: TestingServer) -> Any:
    """Signs in once by the form; returns the cookies."""
    page = browser.new_page()
    page.goto(f"{server.base_url}/console/sign-in")
    page.fill("#login", server.login)
    page.fill("#password", server.password)
    page.click("main button")
    page.wait_for_url("**/console/now/")
    stored = page.context.cookies()
    page.context.close()
    return stored


Open = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser, server: TestingServer, cookies: Any) -> Iterator[Open]:
    """Opens pages: `opened("/console/players/", color_scheme="dark", viewport=PHONE)`.

    At the end of the test, none of them may have had an error on its console, a violation of its policy, or a request
    to another server. `expected` is part of an error that belongs to the test.
    """
    faults: list[str] = []
    contexts = []

    def open_(path: str, *, expected: str = "\0", **how: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK, "locale": "en", **how})
        contexts.append(context)
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(60_000)

        def note(text: str) -> None:
            if expected not in text:
                faults.append(text)

        page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: note(str(error)))
        page.on(
            "request",
            lambda request: (
                note(f"foreign: {request.url}")
                if not request.url.startswith((server.base_url, "data:", "blob:"))
                else None
            ),
        )
        page.goto(server.base_url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def axe(page: Page) -> None:
    """Expects no barriers in a page, and nothing that has to be scrolled sideways."""
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []


def transferred(page: Page) -> int:
    """Returns how many bytes a page and its files took on the wire."""
    return int(
        page.evaluate(
            "['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
            ".reduce((sum, each) => sum + each.transferSize, 0)"
        )
    )
