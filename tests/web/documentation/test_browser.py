"""What people meet who open the server's address, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import running_browser, violations
from tests.running import running_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("data")
    with running_server("--data", str(folder), "--no-access-log") as server:
        yield server.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


def opened(browser: Browser, url: str, **how: Any) -> Page:
    page = browser.new_context(bypass_csp=True, **how).new_page()
    page.set_default_timeout(60_000)
    page.goto(url)
    return page


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/docs", "/docs/player-protocol", "/account/activate?token=x"], ids=["docs", "guide", "account"]
)
def test_pages_have_no_barriers(browser: Browser, address: str, path: str, scheme: str, size: dict[str, int]) -> None:
    page = opened(browser, address + path, color_scheme=scheme, viewport=size)
    assert (
        page.evaluate(
            "[...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > innerWidth)"
            ".slice(0, 3).map(each => each.outerHTML.slice(0, 200))"
        )
        == []
    )  # nothing has to be scrolled sideways
    # Sections are made alike by one template: every twentieth shows what the others would.
    page.evaluate(
        "for (const kind of ['main section', 'nav li'])"
        " document.querySelectorAll(kind).forEach((element, place) => place % 20 && element.remove())"
    )
    assert violations(page) == []
    page.context.close()


def test_the_root_leads_to_the_console(browser: Browser, address: str) -> None:
    page = opened(browser, address, viewport=DESK)
    assert page.url.startswith(f"{address}/console/sign-in")
    page.context.close()


def test_the_links_of_the_reference_are_large_enough(browser: Browser, address: str) -> None:
    page = opened(browser, f"{address}/docs", viewport=DESK)
    small = page.evaluate(
        "[...document.querySelectorAll('a, input')].filter(element => {"
        " const box = element.getBoundingClientRect(); return box.height < 24 || box.width < 24; })"
        ".map(element => element.outerHTML)"
    )
    assert small == []
    page.context.close()


def test_search_narrows_the_page_and_reports_an_empty_result(browser: Browser, address: str) -> None:
    page = opened(browser, f"{address}/docs", viewport=DESK)
    page.fill("#find", "beacon name")
    shown = page.locator("main section[id]:visible").count()
    assert 0 < shown < page.locator("main section[id]").count()
    assert page.inner_text("#found") == f"{shown} places"
    page.fill("#find", "xyzzy")
    assert page.inner_text("#found") == "Nothing found. Try fewer or shorter words."
    assert page.locator("main h2[id]:visible, nav h2:visible, nav li:visible").count() == 0
    page.fill("#find", "")
    assert page.inner_text("#found") == ""
    assert page.locator("main section[id]:visible").count() == page.locator("main section[id]").count()
    page.context.close()
