"""From 300 players, twelve of one site silenced, to that site in three clicks. Runs last, because it adds players."""

from __future__ import annotations

from collections import defaultdict

import httpx

from signfleet.testing import TestingServer
from tests.console.browser.conftest import Open

PLAYERS, SILENCED = 300, 12


def sites(http: httpx.Client) -> dict[str, list[str]]:
    """Returns the serials of the players by the path of their place, those first that are silent already."""
    found = defaultdict(list)
    query: dict[str, str | int] = {"pageSize": 100, "sort": "[status].[health] ASC"}
    while True:
        page = http.get("/Devices/", params=query).json()
        for device in page["items"]:
            if location := device["settings"]["location"]:
                found[location["path"]].append(device["serial"])
        if not page["isTruncated"]:
            return found
        query["marker"] = page["nextMarker"]


def test_three_clicks_lead_from_the_number_of_players_to_the_silenced_site(opened: Open, server: TestingServer) -> None:
    headers = {"Authorization": f"Bearer {server.token()}"}
    with httpx.Client(base_url=server.api_url, headers=headers, timeout=120) as http:
        server.seed(devices=PLAYERS - http.get("/Devices/Count/").json())
        path, serials = max(sites(http).items(), key=lambda site: len(site[1]))
    assert len(serials) > SILENCED
    for serial in serials[:SILENCED]:
        server.player(serial, "Dark")
    server.advance(1800)
    page = opened("/console/")
    assert "300 players" in page.inner_text("main")
    town = path.strip("/").split("/")[-1]
    page.click(f".cards a:has-text('{town}')")  # the first
    page.wait_for_selector("#count:has-text('12 ')")
    assert page.locator("#rows tr[data-row]").count() == SILENCED
    page.click("#rows tr[data-row] a >> nth=0")  # the second
    page.wait_for_url("**/console/players/*/")
    assert "silent, last seen" in page.inner_text("main")
