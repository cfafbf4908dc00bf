"""The alerts of a network on the console's pages."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx import AsyncClient

from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tests.world import World

ALERTS = f"{ROOT}/console/alerts/"


@pytest.fixture
async def alert(client: AsyncClient, world: World) -> int:
    """An open alert of a device; the client is signed in."""
    await sign_in(client)
    return await world.alert()


@ON_SQLITE
async def test_people_acknowledge_mute_and_resolve_with_a_note(
    client: AsyncClient, admin: AsyncClient, alert: int
) -> None:
    async def state() -> tuple[str, str | None]:
        found = (await admin.get(f"{ROOT}/admin/v1/alerts/{alert}/")).json()
        return found["state"], found["note"]

    page = f"/console/alerts/{alert}"
    shown = (await client.get(ALERTS)).text
    assert f'id="a{alert}"' in shown
    assert '<td data-label="Why" class="wrap">silent, last seen' in shown
    stored = (await admin.get(f"{ROOT}/admin/v1/alerts/{alert}/")).json()
    player, serial = stored["deviceId"], stored["serial"]
    name = (await admin.get(f"{ROOT}/admin/v1/health/{player}/")).json()["name"]
    assert f'/">{name}</a> <span class="faint serial">{serial}</span>' in shown
    assert f": {name}</h1>" in (await client.get(f"{ROOT}{page}/")).text
    for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "X-Fragment": "panels"}):
        on_its_page = await client.get(f"{ROOT}/console/players/{player}/", headers=headers)
        assert '<span class="faint">silent, last seen' in on_its_page.text
    answer = await send(client, f"{page}/acknowledge", note="On my way <b>")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}/")
    assert await state() == ("acknowledged", "On my way <b>")
    assert "On my way &lt;b&gt;" in (await client.get(f"{ROOT}{page}/")).text
    assert f'id="a{alert}"' not in (await client.get(ALERTS)).text
    await send(client, f"{page}/mute", **{"for": "1d"})
    assert (await state())[0] == "muted"
    await send(client, f"{page}/resolve")
    assert f'id="a{alert}"' in (await client.get(ALERTS, params={"state": "resolved"})).text


@ON_SQLITE
async def test_what_the_form_cannot_send_is_explained(client: AsyncClient, alert: int) -> None:
    page = f"/console/alerts/{alert}"
    for path, fields, status, words in (
        ("/mute", {"for": "soon"}, 400, "choose one of 1h, 4h"),
        ("/acknowledge", {"note": "x" * 1025}, 400, "at most 1024 characters"),
    ):
        answer = await send(client, page + path, **fields)
        assert (answer.status_code, words in answer.text) == (status, True)
    assert (await send(client, "/console/alerts/999/acknowledge")).status_code == 404
    assert (await client.get(ALERTS, params={"state": "x"})).status_code == 400


@ON_SQLITE
async def test_alerts_have_the_names_of_players_and_lead_to_all_that_is_about_them(
    client: AsyncClient, admin: AsyncClient, world: World, alert: int
) -> None:
    player = world.ids["Device"]
    body = [{"op": "replace", "path": "/settings/name", "value": "Lobby <1>"}]
    patch = {"Content-Type": "application/json-patch+json"}
    assert (await admin.patch(f"/Devices/{player}/", json=body, headers=patch)).status_code == 204
    assert f'<a href="/console/players/{player}/">Lobby &lt;1&gt;</a>' in (await client.get(ALERTS)).text
    answer = await send(client, "/console/alerts/acknowledge", id=[str(alert), "999", "x"], note="All of them")
    assert answer.headers["location"] == "/console/alerts/?done=1"
    assert "1 alert is acknowledged." in (await client.get(f"{ROOT}/console/alerts/?done=1")).text
    page = (await client.get(f"{ALERTS}{alert}/")).text
    assert ("Lobby &lt;1&gt;" in page, "All of them" in page) == (True, True)
    links = re.findall(r'href="(/console/(?:players/\d|people/users|alerts/rules/\d|audit)[^"]*)"', page)
    assert len(links) >= 3
    for link in links:
        if not link.startswith("/console/alerts/rules/"):  # the stored alert names a rule that there is not
            assert (await client.get(ROOT + unescape(link))).status_code == 200, link
    assert "All of them" in (await client.get(f"{ROOT}/console/audit/", params={"entity": "Alert"})).text
    for wrong in ([], ["1"] * 1001):
        assert (await send(client, "/console/alerts/acknowledge", id=wrong)).status_code == 400
