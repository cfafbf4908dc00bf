"""Pages that change by themselves, in a real browser."""

from __future__ import annotations

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


def test_tabs_of_a_browser_share_one_stream(opened: Open, server: TestingServer) -> None:
    first = opened("/console/players/")
    first.wait_for_selector("#live[data-state=live]")
    second = first.context.new_page()
    asked: list[str] = []
    second.on("request", lambda request: asked.append(request.url))
    second.goto(f"{server.base_url}/console/players/")
    second.wait_for_selector("#live[data-state=live]")
    assert not any(url.endswith("/console/events") for url in asked)
    first.close()
    second.wait_for_event("request", predicate=lambda request: request.url.endswith("/console/events"))


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
