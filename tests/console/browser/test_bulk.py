"""Many players at once, and one at the side of the list, in a real browser."""

from __future__ import annotations

from signfleet.testing import TestingServer
from tests.console.browser.conftest import PHONE, Open, Player, axe, device


def test_all_that_match_get_a_tag_and_lose_it_again(opened: Open, server: TestingServer) -> None:
    page = opened("/console/players/")
    page.click("#rows tr:nth-child(2) [type=checkbox]")
    page.focus("#rows tr:nth-child(3) a")
    page.keyboard.press("x")
    assert page.inner_text("[aria-live] [data-selected]") == "2"  # a screen reader says so
    page.wait_for_selector("#live[data-state=live]")
    ticked = device(server, Player.TICKED)
    server.player(ticked["serial"], "Dark")
    server.advance(1800)
    page.wait_for_selector(f"#p{ticked['id']} .badge.bad")
    assert page.inner_text("[data-selected]") == "2"
    assert page.locator("#rows [type=checkbox]:checked").count() == 2
    count = page.inner_text("#count").split()[0]
    page.check("[data-all]")
    page.click("#bulk button[value=tag]")
    page.fill("#f-key", "Shift")
    page.fill("#f-value", "night")
    page.click(".narrow button")
    page.click(f"button:has-text('Change {count} players')")
    page.wait_for_url("**/console/jobs/*/")
    page.wait_for_selector("#undo button")
    page.wait_for_selector(f"#job:has-text('{count} of {count} players are done')")
    page.click("#undo button")
    page.wait_for_selector("#job .badge.good")


def test_a_player_opens_at_the_side_and_the_list_stays(opened: Open, server: TestingServer) -> None:
    page = opened("/console/players/?columns=health,picture,tags", color_scheme="dark", viewport=PHONE)
    page.click("#rows tr:nth-child(1) [data-side]")
    page.wait_for_selector("#side-content .facts")
    assert "player=" in page.url
    assert page.locator("#rows tr").count() == int(page.inner_text("#count").split()[0])
    axe(page)
    page.click("#side-content summary:has-text('Commands')")
    page.click("#side-content button:has-text('Take a picture')")
    page.click(".toast:has-text('Sent') [data-remove]")
    page.click("#side-content .tabs a:has-text('Timeline')")
    page.wait_for_selector("#side-content .strip")
    assert "/console/players/?columns=" in page.url  # the list stays
    page.keyboard.press("Escape")
    assert page.locator("#side").is_hidden()
    assert "player=" not in page.url
    page.go_back()
    page.wait_for_selector("#side-content .facts")
    page.click("#side-title a")
    page.wait_for_url("**/console/players/*/")


def test_columns_and_views_of_the_list_are_chosen_in_its_menus(opened: Open) -> None:
    page = opened("/console/players/")
    page.click("summary:has-text('Columns')")
    page.uncheck("[name=column][value=model]")
    page.click("button:has-text('Show these')")
    page.wait_for_load_state()
    assert "Model" not in page.inner_text("thead")
    page.click("summary:has-text('Views')")
    page.fill("#view-name", "Night")
    page.click(".stack button")
    page.wait_for_selector(".choices a:has-text('Night')")
