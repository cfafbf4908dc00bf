"""Pages that change by themselves, in a real browser."""

from __future__ import annotations

import httpx

from signfleet.testing import TestingServer
from tests.console.browser.conftest import Open, Player, device


def test_a_list_changes_by_itself_and_leaves_what_people_do(opened: Open, server: TestingServer) -> None:
    watched = device(server, Player.WATCHED)
    page = opened(f"/console/players/?search={watched['serial']}")
    detail = opened(f"/console/players/{watched['id']}/")
    for each in (page, detail):
        each.wait_for_selector("#live[data-state=live]")
    detail.fill("#f-note", "half a sentence")
    page.focus("#rows a")
    assert "Normal" in page.inner_text("#rows")
    server.player(watched["serial"], "Dark")
    server.advance(1800)
    page.wait_for_selector("#rows .badge.bad")
    detail.wait_for_selector("#panels .badge.bad")
    assert detail.input_value("#f-note") == "half a sentence"
    assert page.evaluate("document.activeElement.closest('tr').id") == f"p{watched['id']}"


def test_tabs_of_a_browser_share_one_stream_and_each_can_take_it_over(opened: Open, server: TestingServer) -> None:
    watched = device(server, Player.SHARED)
    path = f"/console/players/?search={watched['serial']}"
    first = opened(path, alone=True)
    first.wait_for_selector("#live[data-state=live]")
    asked: list[str] = []
    first.context.on("request", lambda request: asked.append(request.url))
    second = first.context.new_page()
    second.goto(server.base_url + path)
    second.wait_for_selector("#live[data-state=live]")
    assert not _streams(asked)
    server.player(watched["serial"], "Dark")
    server.advance(1800)
    for page in (first, second):
        page.wait_for_selector("#rows .badge.bad")
    first.close()
    second.wait_for_event("request", predicate=lambda request: request.url.endswith("/console/events"))
    server.player(watched["serial"], "Healthy")
    server.advance(1800)
    second.wait_for_selector("#rows .badge.good")
    assert len(_streams(asked)) == 1


def _streams(asked: list[str]) -> list[str]:
    return [url for url in asked if url.endswith("/console/events")]


def test_every_tab_says_in_words_that_the_stream_is_cut_and_that_it_is_back(
    opened: Open, server: TestingServer
) -> None:
    """A real cut, by a server that is killed, is in `test_server_restarts.py`."""
    first = opened("/console/players/", expected="ERR_INTERNET_DISCONNECTED", alone=True)
    second = first.context.new_page()
    second.goto(f"{server.base_url}/console/alerts/")
    tabs = (first, second)
    for page in tabs:
        page.wait_for_selector("#live[data-state=live]")
    first.context.set_offline(True)
    for page in tabs:
        page.wait_for_selector("#live[role=status]:has-text('Interrupted')")
    first.context.set_offline(False)
    for page in tabs:
        page.wait_for_selector("#live[role=status]:has-text('Live')")


def test_what_people_tick_focus_and_write_stays_in_every_list(opened: Open, server: TestingServer) -> None:
    """Something new comes first in each list, so that no row stays at its place."""
    headers = {"Authorization": f"Bearer {server.token()}"}
    with httpx.Client(base_url=server.api_url, headers=headers, timeout=60) as http:
        assert http.post("/Groups/Regular/", json={"name": "Morning", "description": ""}).is_success
        groups, users, tags = (opened(f"/console/{name}/") for name in ("groups", "people", "tags"))
        alerts = opened("/console/alerts/")
        for page in (groups, users, tags, alerts):
            page.wait_for_selector("#live[data-state=live]")
        groups.fill("#f-name", "half a na")
        groups.focus("#rows a:text-is('Morning')")
        users.fill("#search", "half a log")
        users.focus("#rows a:has-text('viewer@')")
        ticked = alerts.locator("#rows [name=id]").first
        ticked.check()
        ticked.focus()
        tick = ticked.get_attribute("id")
        tagged = device(server, Player.SHARED)
        assert http.post("/Groups/Regular/", json={"name": "Afternoon", "description": ""}).is_success
        assert http.post(f"/Devices/{tagged['id']}/Tags/", json={"string::[Device].<Aisle>": "1"}).is_success
        invited = {"person": {"login": "aaron@example.com"}, "roleName": "Viewers"}
        assert http.post("/Users/", json=invited).is_success
    server.player(tagged["serial"], "DiskFull")
    server.advance(1800)
    for page, new in ((groups, "Afternoon"), (users, "aaron@example.com"), (tags, "Aisle")):
        page.wait_for_selector(f"#rows th:has-text('{new}')")
    alerts.wait_for_selector(f"#rows tr:has-text('{tagged['serial']}'), #rows a[href$='/players/{tagged['id']}/']")
    assert groups.input_value("#f-name") == "half a na"
    assert users.input_value("#search") == "half a log"
    assert groups.evaluate("document.activeElement.textContent") == "Morning"
    assert "viewer@" in users.evaluate("document.activeElement.textContent")
    assert alerts.evaluate("document.activeElement.id") == tick
    assert alerts.locator("#rows [name=id]:checked").count() == 1
    assert alerts.inner_text("[data-selected]") == "1"


def test_a_kiosk_keeps_its_pictures_while_the_server_fails_and_goes_on_after_it(opened: Open) -> None:
    page = opened("/console/wall/?kiosk=1", expected="503")
    shown = page.locator("#kiosk .tile").count()
    assert shown > 0
    page.route("**/console/wall/**", lambda route: route.fulfill(status=503, body="<p>Bad gateway</p>"))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("#kiosk-broken:visible")
    assert page.locator("#kiosk .tile").count() == shown
    page.unroute("**/console/wall/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("#kiosk-broken", state="hidden")
    assert page.locator("#kiosk .tile").count() > 0
