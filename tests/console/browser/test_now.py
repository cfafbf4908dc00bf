"""From dark players to what they share, and their alerts, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.testing import TestingServer
from tests.console.browser.conftest import DESK, PHONE, Open, axe


@pytest.fixture(scope="module")
def site(server: TestingServer) -> list[str]:
    """The serials of two players of the first place that go dark together, with the one that is."""
    serials = [device["serial"] for device in server.installation()["devices"][:3]]
    for serial in serials:
        server.player(serial, "Dark")
    server.advance(1800)
    return serials


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", PHONE)], ids=["light-desk", "dark-phone"])
def test_pages_have_no_barriers(opened: Open, site: list[str], scheme: str, size: Any) -> None:
    page = opened("/console/now/", color_scheme=scheme, viewport=size)
    axe(page)
    page.click(".rail a[href='/console/alerts/']")
    axe(page)
    page.click("#rows td a")
    axe(page)


def test_three_clicks_lead_from_the_number_of_dark_players_to_one_of_them(opened: Open, site: list[str]) -> None:
    page = opened("/console/")
    assert "3 players are dark" in page.inner_text("h1")
    page.click(".cards a >> nth=0")
    page.wait_for_url("**/console/players/?search=**")
    page.click("#rows a >> nth=0")
    page.wait_for_url("**/console/players/*/")
    assert "silent, last seen" in page.inner_text("main")


def test_an_alert_is_acknowledged_in_the_list_and_muted_on_its_page(opened: Open, site: list[str]) -> None:
    page = opened("/console/alerts/")
    row = page.locator("#rows tr").first
    row.locator("button").click()
    page.wait_for_selector(".toast")
    assert "Acknowledged" in row.inner_text()
    row.locator("td a").click()
    page.fill("#f-note", "The electrician comes at nine")
    page.select_option("#for", "4h")
    page.click("#alert button:has-text('Mute')")
    page.wait_for_selector("#alert [role=status]")
    assert "in 4 hours" in page.inner_text("#alert")
    assert "The electrician comes at nine" in page.inner_text("#alert dl")
