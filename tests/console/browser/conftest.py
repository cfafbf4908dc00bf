"""A browser that is signed in to a server with a small fleet; it fails on any error, violation or foreign request.

All tests that need a browser stand in this folder, because they share one browser and one server, which take seconds
to start. A test changes only players that no other test looks at; `Player` lists them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from enum import IntEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from signfleet.testing import TestingServer
from tests.browser import barriers, running_browser
from tests.console.browser.walking import Walk, walking

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 740}
PATIENCE = 60_000


class Player(IntEnum):
    """The places of players in the installation, by the test that they belong to."""

    DARK = 0
    ALSO_DARK = 1
    PALETTE = 2
    EDITED = 3
    COMMANDED = 4
    WATCHED = 5
    TICKED = 6
    PICTURED = 7
    CORS = 8
    SHARED = 9


class _Blank(BaseHTTPRequestHandler):
    """Serves an empty page at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Console</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="package")
def blank() -> Iterator[int]:
    """The port of a web server on loopback with empty pages; the API allows those of 127.0.0.1 to call it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        yield pages.server_port
        pages.shutdown()
        thread.join()


@pytest.fixture(scope="package")
def server(blank: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestingServer]:
    """Runs a server with ten simulated players, two of them dark."""
    folder = tmp_path_factory.mktemp("server")
    with TestingServer(folder, cors_origins=f"http://127.0.0.1:{blank}") as server:
        darken(server)
        yield server


def darken(server: TestingServer) -> None:
    """Makes two of the ten players dark."""
    for player in (Player.DARK, Player.ALSO_DARK):
        server.player(device(server, player)["serial"], "Dark")
    server.advance(1800)


@pytest.fixture(scope="package")
def walk(server: TestingServer) -> Iterator[Walk]:
    """One of everything, and a page of each route."""
    with walking(server, device(server, Player.DARK)["id"]) as walk:
        yield walk


def device(server: TestingServer, player: Player) -> dict[str, Any]:
    """Returns id and serial of a player."""
    found: dict[str, Any] = server.installation()["devices"][player]
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def session(browser: Browser, server: TestingServer) -> Iterator[BrowserContext]:
    """A window in which the administrator has signed in by the form."""
    context = browser.new_context(viewport=DESK, locale="en")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server.base_url}/console/sign-in")
    page.fill("#login", server.login)
    page.fill("#password", server.password)
    page.click("main button")
    page.wait_for_url("**/console/now/")
    page.close()
    yield context
    context.close()


def watch(page: Page, own: str, found: list[str], expected: str = "\0") -> None:
    """Notes what goes wrong in a page; `expected` is part of an error that may be."""

    def note(text: str) -> None:
        if expected not in text:
            found.append(f"{page.url}: {text}")

    def of_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            note(message.text)

    def of_request(request: Request) -> None:
        if not request.url.startswith((own, "data:", "blob:")):
            note(f"foreign: {request.url}")

    page.on("console", of_console)
    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", of_request)


Open = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser, session: BrowserContext, server: TestingServer) -> Iterator[Open]:
    """Opens pages in tabs of one window: `opened("/console/players/", color_scheme="dark", viewport=PHONE)`.

    At the end of the test, none of them may have had an error on its console, a violation of its policy, or a request
    to another server. `expected` is part of an error that belongs to the test. `alone` opens a window of its own, with
    nothing cached, and other settings of a window may follow.
    """
    pages: list[Page] = []
    windows: list[BrowserContext] = []
    found: list[str] = []

    def open_(
        path: str,
        *,
        color_scheme: Any = "light",
        viewport: Any = DESK,
        expected: str = "\0",
        alone: bool = False,
        **how: Any,
    ) -> Page:
        window = session
        if alone or how:
            window = browser.new_context(locale="en", **how)
            window.add_cookies(session.cookies())
            windows.append(window)
        page = window.new_page()
        pages.append(page)
        page.set_default_timeout(PATIENCE)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme)
        watch(page, server.base_url, found, expected)
        page.goto(server.base_url + path)
        return page

    yield open_
    for page in pages:
        page.close()
    for window in windows:
        window.close()
    assert found == []


def axe(page: Page) -> None:
    """Expects no barriers in a page as it is now, and nothing that has to be scrolled sideways."""
    assert wide(page) == []
    assert barriers(page) == []


def wide(page: Page) -> list[str]:
    """Returns what makes a page wider than its window, empty for nothing."""
    found: list[str] = page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]"
        ".filter(each => each.getBoundingClientRect().right > innerWidth || each.getBoundingClientRect().left < 0)"
        ".slice(0, 3)"
        ".map(each => each.outerHTML.slice(0, 200)).concat('is too wide')"
    )
    return found


def transferred(page: Page) -> int:
    """Returns how many bytes a page and its files took on the wire."""
    return int(
        page.evaluate(
            "['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
            ".reduce((sum, each) => sum + each.transferSize, 0)"
        )
    )
