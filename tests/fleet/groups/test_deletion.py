"""DELETE of a group: its devices move to the group Default."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import CHANGE_TARGET_GROUP, UPDATE_DEVICE, VIEW_DEVICE, VIEW_GROUP
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.examples import moment
from tests.fleet.devices.stored import register
from tests.fleet.groups.test_routes import PATH, create, fill
from tests.identity.access.granted import grant
from tests.interleaving import reading_before_writing


async def group_names(admin: AsyncClient) -> list[str]:
    return [group["name"] for group in (await admin.get(PATH)).json()["items"]]


async def count(admin: AsyncClient, filter_: str) -> int:
    found: int = (await admin.get("/Devices/Count/", params={"filter": filter_})).json()
    return found


async def test_the_devices_of_a_deleted_group_move_to_default(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    lobby, hall = await create(admin, 'The "old"\\ lobby'), await create(admin, "Hall")
    await fill(services, network, lobby, "A1", "A2")
    await fill(services, network, hall, "B1")
    noted = {"settings": {"description": '"lastModifiedDate":"2024-03-13T16:29:11.983Z"'}}
    assert (await admin.put("/Devices/A1/", json=noted)).status_code == 204
    before = {serial: await admin.get(f"/Devices/{serial}/") for serial in ("A1", "A2", "B1")}
    assert (await admin.delete(f"{PATH}{lobby['id']}/")).status_code == 204
    after = {serial: await admin.get(f"/Devices/{serial}/") for serial in ("A1", "A2", "B1")}
    assert after["B1"].json() == before["B1"].json()
    for serial in ("A1", "A2"):
        was, now = before[serial].json(), after[serial].json()
        date = now["lastModifiedDate"]
        assert moment(date) > moment(was["lastModifiedDate"])
        group = {"id": network.group_id, "name": "Default", "link": None}
        settings = was["settings"] | {"group": group, "lastModifiedDate": date}
        assert list(now["settings"]) == list(was["settings"])
        assert now == was | {"lastModifiedDate": date, "settings": settings}
        assert before[serial].headers["etag"] != after[serial].headers["etag"]
        as_seen = {"If-Match": before[serial].headers["etag"]}
        assert (await admin.put(f"/Devices/{serial}/", json=noted, headers=as_seen)).status_code == 412
    assert await group_names(admin) == ["Default", "Hall"]
    assert await count(admin, "[Settings].[Group].[Name] IS 'Default'") == 2
    assert await count(admin, f"[Settings].[Group].[Id] IS {network.group_id}") == 2
    default = (await admin.get(f"{PATH}Default/")).json()
    assert [device["serial"] for device in default["devices"]] == ["A1", "A2"]


async def test_the_audit_trail_names_how_many_devices_moved(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    for name, serials in (("Full", ("A1", "A2")), ("Empty", ())):
        await fill(services, network, await create(admin, name), *serials)
        assert (await admin.delete(f"{PATH}{name}/")).status_code == 204
    query = {"filter": "[Entity] IS 'Group' AND [Action] IS 'Delete'", "sort": "[Id] ASC"}
    entries = (await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"]
    assert [(entry["name"], entry["after"]) for entry in entries] == [
        ("Full", {"name": None, "devicesMoved": 2, "movedTo": "Default"}),
        ("Empty", None),
    ]


@pytest.mark.parametrize("operation", [VIEW_DEVICE, UPDATE_DEVICE, CHANGE_TARGET_GROUP, VIEW_GROUP])
async def test_one_device_that_the_caller_may_not_move_stops_the_deletion(
    operation: Operation,
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    sign_in: SignIn,
    call_as: CallAs,
) -> None:
    ids = await fill(services, network, await create(admin), "A1", "A2")
    await create(admin, "Empty")
    denied = network.group_id if operation is VIEW_GROUP else ids[1]
    role_id = NETWORK_MANAGERS.id
    await grant(services.store, network.network_id, operation, allowed=False, entity_id=denied, role_id=role_id)
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    before = [(await admin.get(f"/Devices/{serial}/")).text for serial in ("A1", "A2")]
    refused = await manager.delete(f"{PATH}Lobby/")
    assert (refused.status_code, "move all of them" in refused.json()["message"]) == (403, True), refused.text
    assert [(await admin.get(f"/Devices/{serial}/")).text for serial in ("A1", "A2")] == before
    assert await group_names(admin) == ["Default", "Empty", "Lobby"]
    assert (await manager.delete(f"{PATH}Empty/")).status_code == 204
    assert (await admin.delete(f"{PATH}Lobby/")).status_code == 204


async def consistent(admin: AsyncClient, serials: set[str]) -> None:
    """Asserts that each device is in a group that exists, under its name, by the device and by the group."""
    found: dict[str, Any] = {}
    for item in (await admin.get(PATH)).json()["items"]:
        group = (await admin.get(f"{PATH}{item['id']}/")).json()
        assert await count(admin, f"[Settings].[Group].[Name] IS '{group['name']}'") == group["devicesCount"]
        found |= {device["serial"]: group for device in group["devices"]}
    assert set(found) == serials
    for serial, group in found.items():
        settings = (await admin.get(f"/Devices/{serial}/")).json()["settings"]
        assert settings["group"] == {"id": group["id"], "name": group["name"], "link": None}


async def test_a_device_that_joins_a_group_meanwhile_moves_too_or_finds_it_gone(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1", "A2", "A3"])
    for attempt in range(4):
        group = await create(admin, f"Hall {attempt}")
        move = {"settings": {"group": {"id": group["id"]}}}
        with reading_before_writing(2):
            gone, *moved = await asyncio.gather(
                admin.delete(f"{PATH}{group['id']}/"),
                *(admin.put(f"/Devices/A{number}/", json=move) for number in (1, 2, 3)),
            )
        assert gone.status_code == 204, gone.text
        assert {answer.status_code for answer in moved} <= {204, 400}
        assert await group_names(admin) == ["Default"]
        await consistent(admin, {"A1", "A2", "A3"})


async def test_of_two_deletions_of_a_group_one_finds_it(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    hall, lobby = await create(admin, "Hall"), await create(admin, "Lobby")
    await fill(services, network, hall, "A1")
    await fill(services, network, lobby, "B1")
    with reading_before_writing(2):
        answers = await asyncio.gather(
            *(admin.delete(f"{PATH}{group['id']}/") for group in (hall, hall, lobby)),
        )
    assert sorted(answer.status_code for answer in answers) == [204, 204, 404]
    await consistent(admin, {"A1", "B1"})


async def test_moved_devices_state_the_name_that_a_group_gets_meanwhile(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    for attempt, default in enumerate(("DEFAULT", "Default", "dEFAULT")):
        group = await create(admin, f"Hall {attempt}")
        await fill(services, network, group, f"A{attempt}")
        with reading_before_writing(2):
            gone, *renamed = await asyncio.gather(
                admin.delete(f"{PATH}{group['id']}/"),
                admin.put(f"{PATH}{network.group_id}/", json={"name": default}),
                admin.put(f"{PATH}{group['id']}/", json={"name": f"Renamed {attempt}"}),
            )
        assert gone.status_code == 204, gone.text
        assert [answer.status_code for answer in renamed] in ([204, 204], [204, 404])
        assert await group_names(admin) == [default]
        await consistent(admin, {f"A{number}" for number in range(attempt + 1)})
