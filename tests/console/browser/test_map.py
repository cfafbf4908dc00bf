"""The map and the wall, in a real browser."""

from __future__ import annotations

from tests.console.browser.conftest import Open, transferred

#: With the map of the world and what draws it.
LIMIT = 100 * 1024


def test_the_map_is_small_and_a_dot_leads_to_the_players_of_its_place(opened: Open) -> None:
    page = opened("/console/map/")
    page.wait_for_selector("#map .spot path")
    page.wait_for_selector("#map .land[d]")
    assert transferred(page) <= LIMIT
    assert page.locator("#map .spot").count() == page.locator("#spots [data-at]").count()
    dot = page.locator("#map .spot.error").first
    dot.locator("path").click(force=True)
    page.wait_for_url("**/console/players/?search=**")
    assert page.locator("tr[data-row]").count() >= 1
