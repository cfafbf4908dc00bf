"""The list of players: its columns, views and CSV, and what is done with many players at once."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import confirm, send, sign_in
from tests.fleet.devices.stored import register

PLAYERS = "/console/players/"
CHANGE = "/console/players/change/"


@pytest.fixture
async def devices(client: AsyncClient, services: Services, network: Tenant) -> list[int]:
    """Three devices; the client is signed in."""
    await sign_in(client)
    return await register(services.store, network.network_id, ["P0", "P1", "P2"])


async def look(client: AsyncClient, path: str = PLAYERS, **query: str) -> str:
    answer = await client.get(ROOT + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def cell_headings(text: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', text)


async def finished(client: AsyncClient, answer: Response) -> str:
    """Follows to the page of a job, and returns it when the job has ended."""
    assert answer.status_code == 303, answer.text
    async with asyncio.timeout(60):
        while True:
            text = await look(client, answer.headers["location"])
            if "data-poll" not in text:
                return text
            await asyncio.sleep(0.05)


@ON_SQLITE
async def test_people_choose_columns_and_an_address_may_name_others(client: AsyncClient, devices: list[int]) -> None:
    first = cell_headings(await look(client))
    assert first == ["Name", "Health", "Since", "Serial", "Model", "Group", "Last report"]
    answer = await send(client, f"{PLAYERS}columns", column="tags", query="?search=P1")
    assert answer.headers["location"] == f"{PLAYERS}?search=P1"
    await client.post(
        f"{ROOT}{PLAYERS}columns",
        content="column=serial&column=tags&column=firmware&column=nonsense",
        headers={"Origin": ROOT, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert cell_headings(await look(client)) == ["Name", "Serial", "Firmware", "Tags"]
    assert cell_headings(await look(client, columns="description,place")) == ["Name", "Description", "Place"]


@ON_SQLITE
async def test_columns_of_the_whole_entity_have_its_values(
    client: AsyncClient, admin: AsyncClient, devices: list[int]
) -> None:
    path = f"{ROOT}/2022/06/REST/Devices/{devices[0]}/"
    patch = {"Content-Type": "application/json-patch+json"}
    body = b'[{"op":"replace","path":"/settings/description","value":"By <the> door"}]'
    assert (await admin.patch(path, content=body, headers=patch)).status_code == 204
    await admin.post(f"{path}Tags/", json={"string::[Device].<Floor>": "2nd"})
    text = await look(client, columns="description,tags")
    assert "By &lt;the&gt; door" in text
    assert "Floor 2nd" in text


async def test_views_are_of_one_user_or_of_everybody(
    client: AsyncClient, devices: list[int], sign_in: SignIn, call_as: CallAs
) -> None:
    views = f"{PLAYERS}views"
    for name, shared in (("Mine", ""), ("Ours", "1")):
        answer = await send(client, views, name=name, query="?search=P1&evil=1&sort=[serial]+ASC", shared=shared)
        assert answer.status_code == 303
    text = await look(client)
    for name in ("Mine", "Ours"):
        assert re.search(rf'search=P1&amp;sort=%5Bserial%5D\+ASC">.*{name}</a>', text)
    assert "evil" not in text
    other = call_as()
    token = await sign_in("viewer@example.com", role=VIEWERS)
    other.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    seen = await look(other)
    assert ("Mine" in seen, "Ours" in seen) == (False, True)
    assert (await send(other, views, name="Theirs", query="", shared="1")).status_code == 403
    assert (await send(other, f"{views}/delete", name="Ours", shared="1")).status_code == 403
    assert (await send(other, f"{views}/delete", name="Mine")).status_code == 404
    assert (await send(client, views, name="ours", query="search=P2", shared="1")).status_code == 303
    assert "search=P2" in await look(other)
    assert (await confirm(client, f"{views}/delete", name="OURS", shared="1")).status_code == 303
    assert "Ours" not in await look(other)
    assert (await send(client, views, name="x" * 65, query="")).status_code == 400


@ON_SQLITE
async def test_a_link_gets_what_matches_as_csv(client: AsyncClient, devices: list[int]) -> None:
    assert f'href="{PLAYERS}csv?search=P1"' in await look(client, search="P1")
    answer = await client.get(f"{ROOT}{PLAYERS}csv", params={"search": "P1"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="players.csv"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    lines = answer.text.splitlines()
    assert lines[0].startswith("id,serial,name,")
    assert [line.split(",")[1] for line in lines[1:]] == ["P1"]


@ON_SQLITE
async def test_an_empty_list_says_what_to_do(client: AsyncClient, services: Services, network: Tenant) -> None:
    await sign_in(client)
    assert 'href="/console/add/"' in await look(client)
    await register(services.store, network.network_id, ["P9"])
    text = await look(client, search="P9 health:error")
    assert "Remove the last condition: health:error" in text
    assert 'href="?search=P9"' in text


async def test_a_tag_is_set_on_all_that_match_with_a_look_first_and_taken_back(
    client: AsyncClient, admin: AsyncClient, devices: list[int]
) -> None:
    """The filter names the health, which filters of devices alone do not know."""

    async def tags() -> list[dict[str, str]]:
        return [(await admin.get(f"{ROOT}/2022/06/REST/Devices/{id_}/Tags/")).json() for id_ in devices]

    search = "[reason].[code] IS 'neverReported' OR [since] IS NOT NULL"
    asked = await send(client, CHANGE, do="tag", all="1", search=search)
    assert "3 players" in asked.text
    given = {"do": "tag", "filter": search, "filled": "1", "key": "Floor", "value": "2nd"}
    shown = await send(client, CHANGE, **given)
    assert "This changes 3 players" in shown.text
    assert await tags() == [{}] * 3
    wrong = await send(client, CHANGE, **given, count="2")
    assert "Another number of players matches now" in wrong.text
    answer = await send(client, CHANGE, **given, count="3")
    text = await finished(client, answer)
    assert "3 of 3 players are done" in text
    assert await tags() == [{"string::[Device].<Floor>": "2nd"}] * 3
    job = answer.headers["location"]
    assert f'href="{job}"' in await look(client, "/console/jobs/")
    await finished(client, await send(client, f"{job}undo"))
    assert await tags() == [{}] * 3


@ON_SQLITE
@pytest.mark.parametrize(
    ("do", "fields", "shown"),
    [
        ("untag", {"key": "Floor"}, "stays as it is"),
        ("description", {"description": "Window"}, "/settings/description"),
        ("command", {"command": "identify"}, "/command"),
        ("command", {"command": "display", "power": "off"}, "/command"),
    ],
)
async def test_each_action_shows_what_it_would_do(
    client: AsyncClient, devices: list[int], do: str, fields: dict[str, str], shown: str
) -> None:
    filter_ = f"[id] IS IN ({devices[0]}, {devices[2]})"
    text = (await send(client, CHANGE, do=do, id=[str(devices[0]), str(devices[2])])).text
    assert f'name="filter" value="{filter_}"' in text
    answer = await send(client, CHANGE, do=do, filter=filter_, filled="1", **fields)
    assert "This changes 2 players" in answer.text
    assert shown in answer.text


@ON_SQLITE
async def test_players_move_to_a_group(client: AsyncClient, admin: AsyncClient, devices: list[int]) -> None:
    group = (await admin.post(f"{ROOT}/2022/06/REST/Groups/Regular/", json={"name": "Shop"})).json()["id"]
    given: dict[str, Any] = {"do": "group", "filter": f"[id] IS {devices[1]}", "filled": "1", "group": str(group)}
    assert "Shop" in (await send(client, CHANGE, do="group", id=str(devices[1]))).text
    await finished(client, await send(client, CHANGE, **given, count="1"))
    assert "Shop" in await look(client, search=f"[id] IS {devices[1]}")


@ON_SQLITE
async def test_more_than_ten_players_are_deleted_by_typing_their_number(
    client: AsyncClient, services: Services, network: Tenant
) -> None:
    await sign_in(client)
    await register(services.store, network.network_id, [f"D{number}" for number in range(11)])
    given = {"do": "delete", "filter": "[serial] CONTAINS 'D'"}
    text = (await send(client, CHANGE, **given)).text
    assert "Type 11, the number of players" in text
    assert 'name="count" type="text"' in text
    refused = await send(client, CHANGE, **given, count="10")
    assert "not the number of players" in refused.text
    text = await finished(client, await send(client, CHANGE, **given, count="11"))
    assert "/undo" not in text
    assert "No player has joined" in await look(client)
    for path in ("now", "wall"):
        page = (await client.get(f"{ROOT}/console/{path}/")).text
        assert ("No player has joined" in page, 'class="button" href="/console/add/"' in page) == (True, True)


@ON_SQLITE
async def test_what_failed_is_listed_and_tried_again(
    client: AsyncClient, admin: AsyncClient, devices: list[int]
) -> None:
    """A tag of this name has another type, until the device that uses it loses it."""
    path = f"{ROOT}/2022/06/REST/Devices/{devices[0]}/Tags/"
    await admin.post(path, json={"number::[Device].<Floor>": 2})
    given = {
        "do": "tag",
        "filter": f"[id] IS IN ({devices[1]}, {devices[2]})",
        "filled": "1",
        "key": "Floor",
        "value": "x",
    }
    answer = await send(client, CHANGE, **given, count="2")
    text = await finished(client, answer)
    assert "2 failed" in text
    assert "is a tag of type number" in text
    await admin.request("DELETE", path, json=["number::[Device].<Floor>"])
    text = await finished(client, await send(client, f"{answer.headers['location']}retry"))
    assert "2 of 2 players are done" in text
    assert "failed" not in text.partition('id="job"')[2].partition("</p>")[0]


@ON_SQLITE
async def test_what_a_form_cannot_send_is_explained(client: AsyncClient, devices: list[int]) -> None:
    for fields, words in (
        ({"do": "explode"}, "choose one of tag"),
        ({"do": "tag"}, "Tick the players"),
        ({"do": "tag", "id": "1", "filled": "1", "key": "a<b"}, "Tag"),
        ({"do": "command", "id": "1", "command": "dance"}, "no command"),
        ({"do": "group", "id": "1", "filled": "1", "group": "x"}, "group"),
        ({"do": "tag", "filter": "[nonsense] IS 1", "filled": "1", "key": "a"}, "nonsense"),
    ):
        answer = await send(client, CHANGE, **fields)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text
    assert (await send(client, "/console/jobs/999/undo")).status_code == 404


@ON_SQLITE
async def test_who_may_not_change_sees_no_boxes(
    sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    [device] = await register(services.store, network.network_id, ["P0"])
    client = call_as()
    token = await sign_in("viewer@example.com", role=VIEWERS)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    text = await look(client)
    assert f'id="p{device}"' in text
    assert "data-tick-all" not in text
    assert 'id="bulk"' not in text
    assert (await send(client, CHANGE, do="tag", id=str(device))).status_code == 403


@ON_SQLITE
@pytest.mark.parametrize("path", ["/console/players/", "/console/wall/", "/console/map/", "/console/networks/players/"])
async def test_where_nothing_matches_the_last_condition_can_be_removed(
    client: AsyncClient, services: Services, network: Tenant, path: str
) -> None:
    await register(services.store, network.network_id, ["A1"])
    await sign_in(client)
    page = (await client.get(ROOT + path, params={"search": "serial:A1 serial:B2"})).text
    assert "serial:A1 · serial:B2" in page
    found = re.search(r'<a class="button" href="([^"]+)"><svg[^>]*>.{0,200}Remove the last condition: serial:B2', page)
    assert found, page
    address = unescape(found[1])
    one = await client.get(ROOT + (path + address if address.startswith("?") else address))
    assert "No player matches this search." not in one.text
    assert 'value="serial:A1"' in one.text
