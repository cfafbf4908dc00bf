"""Adding players in a real browser."""

from __future__ import annotations

import httpx

from signfleet.testing import TestingServer
from tests.console.browser.conftest import Open


def test_a_player_that_joins_appears_by_itself(opened: Open, server: TestingServer) -> None:
    page = opened("/console/add/")
    page.fill("#f-group", "Lobby")
    page.click("form[action='/console/add/'] button")
    page.wait_for_selector("#arrivals")
    assert "Waiting for the first report" in page.inner_text("#arrivals")
    assert page.locator("#issued .qr svg").bounding_box()["width"] > 100
    token = page.inner_text("#issued code >> nth=0")
    player = {"serial": "LIVE-1", "model": "TEST", "firmware": "1", "name": "Live one"}
    with httpx.Client(base_url=server.base_url) as client:
        joined = client.post("/player/v1/register", json=player, headers={"Authorization": f"Bearer {token}"}).json()
        page.wait_for_selector("#arrivals :text('Live one has joined')")
        sent = {"Authorization": f"Bearer {joined['access_token']}"}
        assert client.post("/player/v1/report", json={"sequence": 1}, headers=sent).status_code == 200
    page.wait_for_selector("#arrivals :text('Live one is here')")
    assert page.locator("#issued").is_visible() and token in page.inner_text("#issued")
    page.click("#arrivals a >> nth=0")
    page.wait_for_url(f"**/console/players/{joined['device']['id']}/**")
