"""The audit trail in the console."""

from __future__ import annotations

import csv
import io
from html import unescape

import pytest
from httpx import AsyncClient

from signfleet.console.audit.values import MOST
from signfleet.console.translations import translation
from signfleet.console.words import word
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tests.console.test_settings import SETTINGS, fields
from tests.world import World

AUDIT = f"{ROOT}/console/audit/"


async def test_changes_are_listed_with_what_differs_and_exported(client: AsyncClient) -> None:
    await sign_in(client)
    await send(client, "/console/people/roles/new/", name="Night", description="From ten")
    health = await fields(client, "health") | {"lateReports": "4", "silentReports": "5"}
    assert (await send(client, f"{SETTINGS}health", **health)).status_code == 303
    page = unescape((await client.get(AUDIT)).text)
    assert "Night" in page and "From ten" in page and "Warning after so many missing reports" in page
    chosen = {
        "entity": "Role",
        "person": "janedoe@example.com",
        "since": "2001-01-01T00:00",
        "filter": "[name] IS 'Night'",
    }
    page = unescape((await client.get(AUDIT, params=chosen)).text)
    assert "Night" in page and "Warning after so many missing reports" not in page
    assert "[date] IS AFTER '2001-01-01T00:00:00Z'" in page
    exported = await client.get(f"{AUDIT}export.csv", params=chosen)
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [(row["action"], row["name"]) for row in rows] == [("Create", "Night")]


@ON_SQLITE
async def test_members_and_values_are_in_the_words_of_the_reader(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    preferences = {"language": "de", "zone": "Europe/Berlin"}
    assert (await send(client, "/console/profile/preferences", **preferences)).status_code == 303
    await admin.put(f"{ROOT}/admin/v1/command-rules/", json={"dangerAllowed": True})
    await admin.put(
        f"{ROOT}/admin/v1/health-rules/", json={"errorMemory": "1.02:30:00", "suspendedSubscription": "Warning"}
    )
    rule = {"name": "N", "condition": {"kind": "health", "health": ["Error"], "reasons": ["storageFull"]}}
    await admin.post(f"{ROOT}/admin/v1/alerts/rules/", json=rule)
    permission = {"operationUID": VIEW_DEVICE.uid, "principal": {"type": "User", "id": 1}, "isAllowed": True}
    made = (await admin.post("/Roles/", json={"name": "Night"})).json()["id"]
    await admin.post(f"/Roles/{made}/Permissions/", json=[permission | {"principal": {"type": "Role", "id": made}}])
    await send(client, "/console/groups/", name="99:99:99", description="2026-02-30T00:00:00Z")
    await send(client, "/console/groups/", name="Dated", description="2026-07-01T10:00:00Z")
    page = unescape((await client.get(AUDIT)).text)
    said = ["99:99:99", "2026-02-30T00:00:00Z", "1 Tag 2 Stunden 30 Minuten", "01.07.2026, 12:00:00 Europe/Berlin"]
    said += [word("de", "reason", "storageFull"), word("de", "health", "Warning"), word("de", "health", "Error")]
    said += [word("de", "operation", VIEW_DEVICE.singular), translation("de").gettext("yes")]
    assert [each for each in said if each not in page] == []
    assert [each for each in ("true", "1.02:30:00", "2026-07-01T10", VIEW_DEVICE.uid) if f">{each}" in page] == []


@ON_SQLITE
async def test_tags_and_nested_settings_show_by_name(client: AsyncClient, admin: AsyncClient, world: World) -> None:
    player = (await world.joined()).device_id
    await sign_in(client)
    await admin.post(f"/Devices/{player}/Tags/", json={"number::[Device].<Floor>": "2"})
    settings = [{"op": "replace", "path": "/settings/synchronization/status/period/", "value": "12:00:00"}]
    assert (await admin.patch(f"/Devices/{player}/", json=settings)).status_code == 204
    for path in (AUDIT, f"{ROOT}/console/players/{player}/audit/"):
        page = unescape((await client.get(path)).text)
        for shown in ("Tags › Floor", "Settings › Time between two reports", "12 hours"):
            assert shown in page, shown
        assert [raw for raw in ("[Device].<Floor>: 2", ">Tags › number::", '"period":') if raw in page] == []


@ON_SQLITE
@pytest.mark.parametrize("members", [MOST, MOST + 1])
async def test_a_document_with_too_many_members_is_one_value(
    client: AsyncClient, admin: AsyncClient, world: World, members: int
) -> None:
    player = (await world.joined()).device_id
    await sign_in(client)
    tags = {f"string::[Device].<T{number}>": "x" for number in range(members)}
    assert (await admin.post(f"/Devices/{player}/Tags/", json=tags)).status_code == 204
    page = unescape((await client.get(AUDIT)).text)
    assert ("Tags › T7" in page, f"[Device].<T{members - 1}>" in page) == (members <= MOST, members > MOST)


@ON_SQLITE
@pytest.mark.parametrize(("name", "value"), [("filter", "[nothing] IS 1"), ("since", "soon"), ("until", "2024-13-01")])
async def test_what_cannot_be_searched_for_says_why(client: AsyncClient, name: str, value: str) -> None:
    await sign_in(client)
    answer = await client.get(AUDIT, params={name: value})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert value.replace("'", "&#39;") in answer.text
    assert (await client.get(f"{AUDIT}export.csv", params={name: value})).status_code == 400


@ON_SQLITE
async def test_a_search_for_a_name_with_signs_of_the_language_finds_it_alone(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await client.get(AUDIT, params={"person": "o'*?\\"})
    assert answer.status_code == 200
    assert "No change matches." in answer.text
