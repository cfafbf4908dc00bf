"""All networks of a person: their players together, and the choice of one."""

from __future__ import annotations

from html import unescape

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import CREATORS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import send, sign_in
from tests.fleet.devices.stored import register


async def opened(client: AsyncClient, path: str) -> str:
    answer = await client.get(f"{ROOT}{path}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def test_players_of_all_networks_are_found_and_opened(
    client: AsyncClient, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    second = (await admin.post("/Self/Networks/", json={"name": "Second"})).json()["id"]
    await register(services.store, network.network_id, ["A1"])
    (other,) = await register(services.store, second, ["B1"], group_id=network.group_id + 1)
    await sign_in(client)
    page = await opened(client, "/console/networks/")
    assert "2 players in 2 networks." in page
    found = await opened(client, "/console/networks/players/?search=1")
    assert (">A1<" in found, ">B1<" in found, "2 players" in found) == (True, True, True)
    found = await opened(client, "/console/networks/players/?search=serial:B1")
    assert ">A1<" not in found and ">B1<" in found
    path = f"/console/players/{other}/"
    chosen = await send(client, "/console/networks/", network=str(second), next=path)
    assert chosen.headers["location"] == path
    assert "B1" in await opened(client, path)


@ON_SQLITE
async def test_who_may_not_see_players_finds_none(
    sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    client = call_as()
    token = await sign_in("creator@example.com", role=CREATORS)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    assert "You may not see its players." in await opened(client, "/console/networks/")
    assert "A1" not in await opened(client, "/console/networks/players/")


@ON_SQLITE
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/console/\\evil", "/docs"])
async def test_the_choice_leads_to_no_other_place(client: AsyncClient, network: Tenant, target: str) -> None:
    await sign_in(client)
    answer = await send(client, "/console/networks/", network=str(network.network_id), next=target)
    assert answer.headers["location"] == "/console/"


@ON_SQLITE
async def test_a_search_with_a_fault_says_so(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await client.get(f"{ROOT}/console/networks/players/?search=[Id] >")
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
