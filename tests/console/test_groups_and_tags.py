"""Groups, tags and subscriptions in the console, and changes of all players that a search finds."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import confirm, send, sign_in
from tests.fleet.devices.stored import register

GROUPS, TAGS = "/console/groups/", "/console/tags/"
CITY, FLOOR = "string::[Device].<City>", "number::[Device].<Floor>"


@pytest.fixture
async def devices(client: AsyncClient, admin: AsyncClient, services: Services, network: Tenant) -> list[int]:
    """Three players, two of them with tags; the browser is signed in."""
    await sign_in(client)
    ids = await register(services.store, network.network_id, ["A1", "A2", "B1"])
    await admin.post("/Devices/A1/Tags/", json={CITY: "Paris", FLOOR: "3"})
    await admin.post("/Devices/A2/Tags/", json={CITY: "Paris"})
    return ids


async def opened(client: AsyncClient, path: str) -> str:
    answer = await client.get(f"{ROOT}{path}", follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def confirmed(client: AsyncClient, services: Services, path: str, **fields: str) -> str:
    """Sends a change, confirms what it asks, and returns the page of the job after its end."""
    asked = await send(client, path, **fields)
    assert asked.status_code == 200, asked.text
    count = re.search(r'name="count" value="(\d+)"', asked.text)
    assert count, asked.text
    started = await send(client, path, **fields, count=count[1])
    assert started.status_code == 303, started.text
    job = int(started.headers["location"].split("/")[-2])
    await services.job_runner.finish(1, job)
    return await opened(client, started.headers["location"])


async def test_a_group_is_created_filled_by_a_search_renamed_and_deleted(
    client: AsyncClient, admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    made = await send(client, GROUPS, name="Lobby <1>", description="Ground floor")
    path = made.headers["location"]
    page = await confirmed(client, services, f"{path}move", search="A")
    assert "2 players are done" in page or "2 of 2 players are done" in page
    page = await opened(client, path)
    assert "Lobby <1>" in await opened(client, f"{GROUPS}?search=lobby")
    assert (await admin.get("/Devices/A1/")).json()["settings"]["group"]["name"] == "Lobby <1>"
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    fields = {"name": "Lobby", "description": "", "version": version[1]}
    assert (await send(client, path, **fields)).status_code == 303
    stale = await send(client, path, **(fields | {"name": "Mine"}))
    assert (stale.status_code, "Stored now" in stale.text, 'value="Mine"' in stale.text) == (412, True, True)
    version = re.search(r'name="version" value="(\d+)"', await opened(client, path))
    assert version
    assert (await confirm(client, f"{path}delete", version=version[1])).headers["location"] == GROUPS
    assert (await admin.get("/Devices/A1/")).json()["settings"]["group"]["name"] == "Default"


@ON_SQLITE
async def test_what_a_group_cannot_do_is_said_beside_the_field(
    client: AsyncClient, services: Services, network: Tenant, devices: list[int]
) -> None:
    default = re.search(rf'href="({GROUPS}\d+/)">Default', await opened(client, GROUPS))
    assert default
    for path, fields, words in (
        (GROUPS, {"name": "default"}, "There already is a group"),
        (GROUPS, {"name": "x" * 129}, "at most 128 characters"),
        (f"{default[1]}move", {"search": ""}, "Say which players are meant"),
        (f"{default[1]}move", {"search": "[Model] IS"}, "at 11"),
        (default[1], {"name": "Other", "version": "0"}, "Stored now"),
    ):
        answer = await send(client, path, **fields)
        assert (answer.status_code in (400, 412), words in unescape(answer.text)) == (True, True), answer.text
    made = (await send(client, GROUPS, name="Large")).headers["location"]
    await register(services.store, network.network_id, [f"L{n}" for n in range(11)])
    await confirmed(client, services, f"{made}move", search="L")
    version = re.search(r'name="version" value="(\d+)"', await opened(client, made))
    assert version
    refused = await send(client, f"{made}delete", version=version[1], count="10")
    assert "Type 11" in refused.text
    assert (await confirm(client, f"{made}delete", version=version[1])).status_code == 303
    assert (await client.get(f"{ROOT}{GROUPS}999999/")).status_code == 404


async def test_tags_have_counts_and_a_value_is_changed_for_all_who_have_it(
    client: AsyncClient, admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    page = await opened(client, TAGS)
    path = re.search(
        rf'href="({TAGS}\d+/)">City</a></th><td[^>]*>string</td>\s*<td[^>]*>[^>]*>2<.*?<td[^>]*>1</td>', page, re.DOTALL
    )
    assert path, page
    assert re.search(r">Paris</th><td[^>]*>2</td>", await opened(client, path[1]))
    assert (await send(client, path[1], do="set", of="value", old="Par*", new="x")).text.count('name="count"') == 0
    await confirmed(client, services, path[1], do="set", of="value", old="Paris", new="O'Paris")
    assert re.search(r"O'Paris</th><td[^>]*>2</td>", await opened(client, path[1]))
    await confirmed(client, services, path[1], do="remove", of="value", old="O'Paris", new="")
    assert (await client.get(ROOT + path[1])).status_code == 404
    floor = re.search(rf'href="({TAGS}\d+/)">Floor', await opened(client, TAGS))
    assert floor
    await confirmed(client, services, floor[1], do="set", of="value", old="3", new="4")
    assert (await admin.get("/Devices/A1/")).json()["tags"] == {FLOOR: "4"}
    await confirmed(client, services, floor[1], do="remove", of="all")
    assert "No player has a tag" in await opened(client, TAGS)


@ON_SQLITE
async def test_a_value_that_does_not_fit_the_tag_is_refused(client: AsyncClient, devices: list[int]) -> None:
    floor = re.search(rf'href="({TAGS}\d+/)">Floor', await opened(client, TAGS))
    assert floor
    for old, new in (("3 OR TRUE", "4"), ("3", "four")):
        answer = await send(client, floor[1], do="set", of="value", old=old, new=new)
        assert (answer.status_code, "number::[Device].<Floor>" in unescape(answer.text)) == (400, True)
    assert (await client.get(f"{ROOT}{TAGS}999999/")).status_code == 404


@ON_SQLITE
async def test_viewers_see_no_forms_and_change_nothing(sign_in: SignIn, call_as: CallAs, devices: list[int]) -> None:
    client = call_as()
    token = await sign_in("viewer@example.com", role=VIEWERS)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    tag = re.search(rf'href="({TAGS}\d+/)">City', await opened(client, TAGS))
    assert tag
    for path in (GROUPS, tag[1]):
        assert 'method="post" action="/console/' + path.split("/")[2] not in await opened(client, path)
    assert (await send(client, GROUPS, name="X")).status_code == 403
    assert (await send(client, tag[1], do="remove", of="all")).status_code == 403


@ON_SQLITE
async def test_subscriptions_are_found_by_an_expression(client: AsyncClient, devices: list[int]) -> None:
    path = "/console/subscriptions/"
    await opened(client, path)
    answer = await client.get(f"{ROOT}{path}", params={"filter": "[Status] IS"})
    assert (answer.status_code, "at 12" in answer.text) == (400, True)
    for filter_ in re.findall(r'\?(filter=[^"]+)"', (await client.get(ROOT + path)).text):
        assert (await client.get(f"{ROOT}{path}?{unescape(filter_)}")).status_code == 200
