"""The console below a path of a host, as behind a proxy that passes `/signage/` on, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from signfleet.testing import TestingServer
from tests.console.browser.conftest import DESK, PATIENCE, watch
from tests.processes import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestingServer]:
    port = free_port()
    address = f"http://127.0.0.1:{port}/signage/"
    with TestingServer(tmp_path_factory.mktemp("below"), port=port, public_url=address) as server:
        yield server


def test_everything_works_below_a_path_and_nothing_leaves_it(browser: Browser, below: TestingServer) -> None:
    faults: list[str] = []
    address = f"{below.base_url.removesuffix('/signage')}/signage"
    players = below.installation()["devices"]
    context = browser.new_context(viewport=DESK, locale="en")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    watch(page, f"{address}/", faults)
    page.goto(f"{address}/console/")
    page.fill("#login", below.login)
    page.fill("#password", below.password)
    page.click("main button")
    page.wait_for_url(f"{address}/console/now/")
    _finds_a_page(page, address)
    page.wait_for_selector("#live[data-state=live]")
    page.check(f"#p{players[0]['id']} [type=checkbox]")
    below.player(players[1]["serial"], "Dark")
    below.advance(1800)
    page.wait_for_selector(f"#p{players[1]['id']} .badge.bad")
    assert page.is_checked(f"#p{players[0]['id']} [type=checkbox]")
    page.click(f"#p{players[1]['id']} [data-side]")
    page.wait_for_selector("#side-content .facts")
    page.click("#side-title a")
    page.wait_for_url(f"{address}/console/players/{players[1]['id']}/")
    page.fill("#tags input[name=key] >> nth=-1", "floor")
    page.fill("#tags input[name=value]", "2")
    page.click("#tags form.actions button")
    page.wait_for_selector("#tags .chip:has-text('floor 2')")
    page.click(".rail a[href$='/wall/']")
    page.wait_for_selector(".tile")
    page.click(".rail a[href$='/map/']")
    page.wait_for_selector("#map .land[d]")
    page.locator("#map .spot path").first.click(force=True)
    page.wait_for_url(f"{address}/console/players/?search=**")
    page.click(".top .account summary")
    page.click(".account form button")
    page.wait_for_url(f"{address}/console/sign-in")
    context.close()
    assert faults == []


def _finds_a_page(page: Page, address: str) -> None:
    page.keyboard.press("Control+k")
    page.fill("#palette-text", "player")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/console/players/")
