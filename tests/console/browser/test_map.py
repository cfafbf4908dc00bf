"""The map and the wall, in a real browser."""

from __future__ import annotations

from signfleet.testing import TestingServer
from tests.console.browser.conftest import Open, Player, device, transferred

#: With the map of the world and what draws it.
LIMIT = 100 * 1024


def test_the_map_is_small_and_a_dot_leads_to_the_players_of_its_place(opened: Open) -> None:
    page = opened("/console/map/", alone=True)
    page.wait_for_selector("#map .spot path")
    page.wait_for_selector("#map .land[d]")
    assert transferred(page) <= LIMIT
    assert page.locator("#map .spot").count() == page.locator("#spots [data-at]").count()
    width = "document.getElementById('map').viewBox.baseVal.width"
    assert page.evaluate("document.querySelector('[data-zoom]').offsetWidth") < 60
    for _ in range(3):
        page.click("[data-zoom='2']")
    assert page.evaluate(width) == 120
    assert page.locator("#map .spot text").count() == page.locator("#map .spot").count()
    page.reload()  # the address says what is seen
    page.wait_for_selector("#map .spot text")
    assert page.evaluate(width) == 120
    page.click("[data-zoom='0']")
    assert page.evaluate(width) == 960
    assert "at=" not in page.url
    dot = page.locator("#map .spot.error").first
    dot.locator("path").click(force=True)
    page.wait_for_url("**/console/players/?search=**")
    assert page.locator("tr[data-row]").count() >= 1


def test_a_picture_that_was_asked_for_appears_on_the_open_wall(opened: Open, server: TestingServer) -> None:
    pictured = device(server, Player.PICTURED)
    wall = opened(f"/console/wall/?search={pictured['serial']}")
    assert wall.locator(".tile img").count() == 0
    player = opened(f"/console/players/{pictured['id']}/pictures/")
    player.click("form.actions button")
    player.wait_for_selector(".toast")
    server.advance(300)  # the command waits ten minutes at most
    player.wait_for_selector(".pictures img")
    wall.wait_for_selector(".tile img")
