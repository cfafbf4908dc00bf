"""What surrounds every page, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.console.browser.conftest import DESK, PHONE, Open, axe, transferred

FIRST_PAGE_LIMIT = 40 * 1024


@pytest.mark.parametrize(
    "path", ["/console/networks/", "/console/wall/?side=640", "/console/wall/links/", "/console/map/"]
)
@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", PHONE)], ids=["light-desk", "dark-phone"])
def test_pages_have_no_barriers(opened: Open, path: str, scheme: str, size: Any) -> None:
    axe(opened(path, color_scheme=scheme, viewport=size))


def test_the_first_page_is_small(opened: Open) -> None:
    page = opened("/console/players/")
    page.wait_for_load_state("networkidle")
    assert transferred(page) <= FIRST_PAGE_LIMIT


def test_the_palette_opens_a_page_by_its_name(opened: Open) -> None:
    page = opened("/console/players/")
    page.keyboard.press("Control+k")
    page.fill("#palette-text", "netw")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/networks/")


def test_keys_reach_search_and_help(opened: Open) -> None:
    page = opened("/console/players/")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("?")
    assert not page.locator("#keys").is_visible()
