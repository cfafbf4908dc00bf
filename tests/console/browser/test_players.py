"""The list of players and one player, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from signfleet.testing import TestingServer
from tests.console.browser.conftest import Open, Player, device


def test_a_search_finds_the_dark_player_and_leads_to_it(opened: Open, server: TestingServer) -> None:
    serial = device(server, Player.DARK)["serial"]
    page = opened("/console/players/")
    page.fill("#search", f"health:error {serial}")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=**")
    assert page.locator("#rows tr").count() == 1
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/players/*/")
    assert "silent, last seen" in page.inner_text("main")


def test_the_palette_finds_a_player_by_its_serial(opened: Open, server: TestingServer) -> None:
    wanted = device(server, Player.PALETTE)
    page = opened("/console/networks/")
    page.keyboard.press("Control+k")
    page.fill("#palette-text", wanted["serial"])
    page.click(f"#palette-list a[href$='/{wanted['id']}/']")
    page.wait_for_url(f"**/console/players/{wanted['id']}/")


def test_two_people_edit_one_player_and_no_text_is_lost(opened: Open, server: TestingServer) -> None:
    path = f"/console/players/{device(server, Player.EDITED)['id']}/settings/"
    one, other = opened(path, expected="412"), opened(path)
    other.fill("#f-name", "Theirs")
    other.click("#settings button")
    other.wait_for_selector("#settings [role=status]")
    one.fill("#f-name", "Mine")
    one.click("#settings button")
    one.wait_for_selector(".conflict")
    assert one.input_value("#f-name") == "Mine"
    assert [one.inner_text(f".conflict td:nth-child({n})") for n in (2, 3)] == ["Mine", "Theirs"]
    one.click(".conflict button")
    one.wait_for_selector("#settings [role=status]")
    other.reload()
    assert other.input_value("#f-name") == "Mine"


def test_a_command_asks_first_and_a_tag_is_taken_back(opened: Open, server: TestingServer) -> None:
    commanded = device(server, Player.COMMANDED)["id"]
    page = opened(f"/console/players/{commanded}/")
    page.click(".head summary")
    page.click("a[href$='/commands/reboot/']")
    page.click("#ask button.danger")
    page.wait_for_selector("[aria-live] > .toast")  # a screen reader says so
    assert "Reboot" in page.inner_text(".toast")
    assert page.locator("#ask").count() == 0
    page.fill("#tags input[name=key] >> nth=-1", "floor")
    page.fill("#tags input[name=value]", "2")
    page.click("#tags form.actions button")
    page.wait_for_selector("#tags .chip:has-text('floor 2')")
    page.click(".toast:has-text('Tag added') form button")
    page.wait_for_selector("#tags .chip:has-text('floor 2')", state="detached")


def test_tags_and_notes_show_before_the_answer_and_are_taken_back(opened: Open, server: TestingServer) -> None:
    path = f"/console/players/{device(server, Player.COMMANDED)['id']}/"
    page, other = opened(path, expected="responded with a status of"), opened(path)
    asked: list[Route] = []

    def add(page: Page, key: str, value: str) -> None:
        page.fill("#tags form.actions input[name=key]", key)
        page.fill("#tags form.actions input[name=value]", value)
        page.click("#tags form.actions button")

    page.route("**/tags/", lambda route: asked.insert(0, route))
    add(page, "floor", "3")
    page.wait_for_selector("#tags .chip:has-text('floor 3')")  # nothing has been answered yet
    asked.pop().continue_()
    page.wait_for_selector(".toast:has-text('Tag added')")
    page.unroute("**/tags/")
    add(page, "floor", "4")
    assert "already has a tag" in page.inner_text("#tags form.actions [role=alert]")
    assert page.locator("#tags .chip:has-text('floor 4')").count() == 0
    assert page.input_value("#tags form.actions input[name=value]") == "4"
    page.route("**/tags/", lambda route: route.fulfill(status=502, body="no"))
    page.click("#tags .chip:has-text('floor 3') button")
    page.wait_for_selector("#tags .chip [role=alert]")
    assert page.is_visible("#tags .chip:has-text('floor 3')")
    page.unroute("**/tags/")
    other.reload()
    add(other, "zone", "north")
    other.wait_for_selector(".toast:has-text('Tag added')")
    page.reload()
    page.click("#tags .chip:has-text('floor 3') button")
    page.wait_for_selector(".toast:has-text('Tag removed')")
    other.click("#tags .chip:has-text('zone') button")
    other.wait_for_selector(".toast:has-text('Tag removed')")
    page.click(".toast:has-text('Tag removed') form button")
    page.wait_for_selector("#tags .chip:has-text('floor 3')")
    page.wait_for_selector("#tags .chip:has-text('zone')", state="detached")
    page.fill("#f-note", "Key at the desk")
    page.click("#note form button")
    page.wait_for_selector(".toast:has-text('Note saved')")
    page.click(".toast:has-text('Note saved') form button")
    page.wait_for_selector(".toast:has-text('Undone') >> nth=1")
    assert page.input_value("#f-note") == ""


def test_tabs_and_charts_come_without_a_new_page(opened: Open, server: TestingServer) -> None:
    commanded = device(server, Player.COMMANDED)["id"]
    page = opened(f"/console/players/{commanded}/")
    page.evaluate("window.same = true")
    page.click(".tabs a[href$='/metrics/']")
    page.wait_for_selector(".chart canvas")
    page.wait_for_url("**/metrics/")
    assert page.evaluate("window.same")
    page.go_back()
    page.wait_for_selector("#tags")
    assert page.locator(".head").count() == 1
