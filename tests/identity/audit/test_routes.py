"""/admin/v1/audit: who changed what, when and from where."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.cli import cli
from signfleet.app.wiring import Services
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.roles import GENERAL_MANAGERS
from signfleet.identity.audit.recording import AuditEntry, record_all
from signfleet.web.caller.actor import Actor, act_as
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register

AUDIT = f"{ROOT}/admin/v1/audit"
DEVICES = {"filter": "[Entity] IS 'Device'"}
NOW = datetime.parse("2024-03-13T16:29:11.983Z")


async def write(services: Services, network_id: int, *changes: AuditEntry, now: int = NOW) -> None:
    act_as(Actor("Joe@example.com", "10.0.0.1"))

    async def work(tx: Transaction) -> None:
        await record_all(tx, network_id, changes, now)

    await services.store.write(work)


async def test_a_change_through_the_api_is_recorded_with_actor_action_and_address(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    (device_id,) = await register(services.store, network.network_id, ["A1"])
    await admin.put(f"/Devices/{device_id}/", json={"settings": {"name": "Lobby", "lws": {"password": "hidden"}}})
    page = (await admin.get(f"{AUDIT}/", params={"filter": "[Entity] IS 'Device'"})).json()
    (entry,) = page["items"]
    assert (entry["actor"], entry["address"]) == (network.login, "127.0.0.1")
    assert (entry["action"], entry["entityId"], entry["name"]) == ("Update", device_id, "A1")
    assert entry["before"]["settings"]["name"] == "A1"
    assert entry["after"]["settings"]["name"] == "Lobby"
    assert entry["after"]["settings"]["lws"]["password"] == "********"
    assert "description" not in entry["after"]["settings"]
    assert page["matchingItemCount"] == 1


async def test_a_request_that_changes_nothing_leaves_no_entry(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    await admin.put("/Devices/A1/", json={"settings": {}})
    assert (await admin.get(f"{AUDIT}/", params=DEVICES)).json()["items"] == []


async def test_every_deleted_device_is_recorded(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, ["A1", "A2"])
    await admin.delete("/Devices/", params={"filter": "[Id] IS GREATER THAN 0"})
    page = (await admin.get(f"{AUDIT}/", params={**DEVICES, "sort": "[Name] ASC"})).json()
    assert [(entry["action"], entry["name"], entry["after"]) for entry in page["items"]] == [
        ("Delete", "A1", None),
        ("Delete", "A2", None),
    ]


async def test_entries_are_paged_newest_first(admin: AsyncClient, services: Services, network: Tenant) -> None:
    for day in range(3):
        await write(services, network.network_id, AuditEntry("Create", "Group", day, f"G{day}"), now=NOW + day * DAY)
    query = {"filter": "[Entity] IS 'Group'", "pageSize": 2}
    first = (await admin.get(f"{AUDIT}/", params=query)).json()
    last = (await admin.get(f"{AUDIT}/", params={**query, "marker": first["nextMarker"]})).json()
    assert [entry["name"] for entry in first["items"] + last["items"]] == ["G2", "G1", "G0"]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ("[Actor] IS 'joe@example.COM'", ["G1", "G2"]),
        ("[Name] IS 'g1'", ["G1"]),
        ("[Action] IS 'Delete' AND [Entity] IS 'Group'", ["G2"]),
        ("[DeviceId] IS 7", ["G2"]),
        ("[Entity] IS 'Group' AND [Date] IS GREATER THAN '2024-03-14T00:00:00Z'", []),
    ],
)
async def test_entries_are_filtered_by_expression(
    admin: AsyncClient, services: Services, network: Tenant, filter_: str, names: list[str]
) -> None:
    await write(
        services,
        network.network_id,
        AuditEntry("Create", "Group", 1, "G1"),
        AuditEntry("Delete", "Group", 2, "G2", device_id=7),
    )
    page = (await admin.get(f"{AUDIT}/", params={"filter": filter_, "sort": "[Id] ASC"})).json()
    assert [entry["name"] for entry in page["items"]] == names


async def test_the_trail_is_exported_as_csv(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await write(services, network.network_id, AuditEntry("Update", "Group", 1, "=1+1", {"a": 1}, {"a": 2}))
    answer = await admin.get(f"{AUDIT}/export.csv", params={"filter": "[Entity] IS 'Group'"})
    assert answer.headers["content-type"].startswith("text/csv")
    heading, row = csv.reader(io.StringIO(answer.text))
    assert heading[0] == "id"
    assert row[1:] == [
        "2024-03-13T16:29:11.983Z", "Joe@example.com", "10.0.0.1", "Update", "Group", "1", "'=1+1",
        '{"a":1}', '{"a":2}', "",
    ]  # fmt: skip


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
async def test_no_csv_cell_is_a_formula(admin: AsyncClient, services: Services, network: Tenant, begin: str) -> None:
    await write(services, network.network_id, AuditEntry("Delete", "Group", 1, f"{begin}1+1"))
    answer = await admin.get(f"{AUDIT}/export.csv", params={"filter": "[Entity] IS 'Group'"})
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row["name"] == f"'{begin}1+1"


async def test_the_trail_is_exported_as_json_lines(
    admin: AsyncClient, services: Services, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.identity.audit.service.CHUNK", 2)
    await write(
        services, network.network_id, *(AuditEntry("Create", "Group", number, f"G{number}") for number in range(5))
    )
    params = {"filter": "[Entity] IS 'Group' AND [EntityId] IS GREATER THAN 0", "sort": "[Id] ASC"}
    answer = await admin.get(f"{AUDIT}/export.jsonl", params=params)
    assert [json.loads(line)["name"] for line in answer.text.splitlines()] == ["G1", "G2", "G3", "G4"]


@pytest.mark.parametrize("path", ["/", "/export.csv", "/export.jsonl"])
async def test_a_malformed_filter_is_an_error_before_the_first_byte(admin: AsyncClient, path: str) -> None:
    assert (await admin.get(AUDIT + path, params={"filter": "[Nothing] IS 1"})).status_code == 400


async def test_only_administrators_of_the_network_read_the_trail(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs, admin: AsyncClient
) -> None:
    manager = call_as(await sign_in("mary@example.com", role=GENERAL_MANAGERS))
    assert (await manager.get(f"{AUDIT}/")).status_code == 403
    await write(services, network.network_id + 1, AuditEntry("Create", "Group", 1, "G1"))
    assert (await admin.get(f"{AUDIT}/", params={"filter": "[Entity] IS 'Group'"})).json()["items"] == []


async def test_entries_are_deleted_after_the_retention(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await write(services, network.network_id, AuditEntry("Create", "Group", 1, "Old"))
    await write(services, network.network_id, AuditEntry("Create", "Group", 2, "New"), now=NOW + DAY)
    await services.audit.sweep(NOW + 365 * DAY + 1)
    left = (await admin.get(f"{AUDIT}/", params={"filter": "[Entity] IS 'Group'"})).json()["items"]
    assert [entry["name"] for entry in left] == ["New"]


async def test_a_player_that_registers_is_recorded_with_its_serial(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant
) -> None:
    token = (await services.provisioning.issue(network.network_id, NOW * 2)).token
    joined = {"serial": "A1", "model": "HD1024", "group": "Lobby", "firmware": "9.0.100"}
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.post(f"{ROOT}/player/v1/register", json=joined, headers=headers)
    assert answer.status_code == 201, answer.text
    query = {"filter": "[Actor] IS 'player A1'", "sort": "[Id] ASC"}
    entries = (await admin.get(f"{AUDIT}/", params=query)).json()["items"]
    assert [(entry["action"], entry["entity"], entry["name"], entry["address"]) for entry in entries] == [
        ("Create", "Group", "Lobby", "127.0.0.1"),
        ("Create", "Device", "A1", "127.0.0.1"),
    ]


def test_the_command_line_exports_the_trail(settings: Settings, network: Tenant) -> None:
    store = ["--data", settings.data, "--database", settings.database or ""]
    network_trail = CliRunner().invoke(cli, ["audit", "export", "--network", network.network, *store])
    exported = [json.loads(line) for line in network_trail.output.splitlines()]
    assert [(entry["action"], entry["entity"]) for entry in exported] == [("Create", "User"), ("Create", "Network")]
    rest = CliRunner().invoke(cli, ["audit", "export", "--format", "csv", "--filter", "[Entity] IS 'Person'", *store])
    assert [row["name"] for row in csv.DictReader(io.StringIO(rest.output))] == [network.login]
