"""/Groups/Regular/: the groups of a network."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import (
    EDIT_GROUP_PERMISSIONS,
    GROUP,
    UPDATE_DEVICE,
    UPDATE_GROUP,
    VIEW_DEVICE,
    VIEW_GROUP,
)
from signfleet.identity.access.operations.roles import CREATORS, NETWORK_MANAGERS, PUBLISHERS, VIEWERS
from signfleet.identity.operation_trees.schemas import document
from tests.conftest import BASE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant
from tests.interleaving import PATIENCE

PATH = "/Groups/Regular/"


async def create(admin: AsyncClient, name: str = "Lobby", **more: Any) -> dict[str, Any]:
    answer = await admin.post(PATH, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def fill(services: Services, network: Tenant, group: dict[str, Any], *serials: str) -> list[int]:
    return await register(services.store, network.network_id, serials, group_id=group["id"], group_name=group["name"])


async def test_a_network_starts_with_the_default_group(admin: AsyncClient, network: Tenant) -> None:
    page = (await admin.get(PATH)).json()
    (group,) = page["items"]
    assert list(group) == [
        "id", "name", "link", "description", "creationDate", "lastModifiedDate", "devicesCount", "devices",
        "permissions",
    ]  # fmt: skip
    assert (group["id"], group["name"], group["link"], group["devices"]) == (network.group_id, "Default", None, None)
    assert page["totalItemCount"] == page["matchingItemCount"] == 1


async def test_a_group_is_created_and_found_by_id_and_name(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    answer = await admin.post(PATH, json={"id": 0, "name": " Lobby ", "devices": None, "description": "By the door"})
    group = answer.json()
    assert (answer.status_code, group["name"], group["devices"]) == (201, "Lobby", [])
    assert answer.headers["location"] == f"{BASE}/Groups/Regular/{group['id']}/"
    ids = await fill(services, network, group, "B2", "A1")
    for ref in (str(group["id"]), "Lobby", "LOBBY"):
        found = (await admin.get(f"{PATH}{ref}/")).json()
        assert found["devices"] == [{"id": ids[1], "serial": "A1"}, {"id": ids[0], "serial": "B2"}]
        assert found["devicesCount"] == 2
    assert (await admin.get(f"{PATH}Nothing/")).status_code == 404


@pytest.mark.parametrize("name", ["", " ", "17", "a/b", "Count", "operations", "default", ".", "..", "x" * 129])
async def test_a_name_that_cannot_be_is_refused(admin: AsyncClient, name: str) -> None:
    answer = await admin.post(PATH, json={"name": name})
    assert (answer.status_code, "name" in answer.json()["message"]) == (400, True)
    assert (await admin.get(f"{PATH}Count/")).json() == 1


async def test_groups_are_filtered_sorted_paged_and_counted(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    for name in ("Lobby", "Atrium"):
        await create(admin, name)
    first = (await admin.get(PATH, params={"pageSize": 2})).json()
    last = (await admin.get(PATH, params={"pageSize": 2, "marker": first["nextMarker"]})).json()
    assert [group["name"] for group in first["items"] + last["items"]] == ["Atrium", "Default", "Lobby"]
    found = (await admin.get(PATH, params={"filter": "[Name] IS 'lobby'", "sort": "[Id] DESC"})).json()
    assert [group["name"] for group in found["items"]] == ["Lobby"]
    assert (await admin.get(f"{PATH}Count/", params={"filter": "[name] IS 'Lobby'"})).text == "1"


async def test_a_new_name_reaches_the_devices(admin: AsyncClient, services: Services, network: Tenant) -> None:
    group = await create(admin, 'The "old"\\ name')
    await fill(services, network, group, "A1")
    before = await admin.get("/Devices/A1/")
    new = 'Straße "1"'
    assert (await admin.put(f"{PATH}{group['id']}/", json={"name": new})).status_code == 204
    device = await admin.get("/Devices/A1/")
    assert device.json()["settings"]["group"] == {"id": group["id"], "name": new, "link": None}
    assert before.json()["settings"] == device.json()["settings"] | {"group": before.json()["settings"]["group"]}
    assert before.headers["etag"] != device.headers["etag"]
    since = {"If-Modified-Since": before.headers["last-modified"]}
    assert (await admin.get("/Devices/A1/", headers=since)).status_code == 200
    counted = await admin.get("/Devices/Count/", params={"filter": "[TargetGroup].[Name] IS 'STRASSE \"1\"'"})
    assert counted.json() == 1


async def test_what_a_put_leaves_out_stays_and_the_whole_entity_may_be_sent(admin: AsyncClient) -> None:
    group = await create(admin, description="By the door")
    assert (await admin.put(f"{PATH}Lobby/", json={"name": "Hall"})).status_code == 204
    changed = (await admin.get(f"{PATH}Hall/")).json()
    assert changed["description"] == "By the door"
    assert (await admin.put(f"{PATH}Hall/", json=changed | {"description": None})).status_code == 204
    assert (await admin.get(f"{PATH}{group['id']}/")).json()["description"] is None


async def test_the_default_group_cannot_be_renamed_or_deleted(admin: AsyncClient) -> None:
    assert (await admin.put(f"{PATH}Default/", json={"name": "Other"})).status_code == 400
    assert (await admin.put(f"{PATH}Default/", json={"name": "DEFAULT", "description": "x"})).status_code == 204
    assert (await admin.delete(f"{PATH}Default/")).status_code == 400


async def test_a_change_with_a_stale_precondition_is_412(admin: AsyncClient) -> None:
    await create(admin)
    seen = (await admin.get(f"{PATH}Lobby/")).headers["etag"]
    assert (await admin.put(f"{PATH}Lobby/", json={"description": "x"}, headers={"If-Match": seen})).status_code == 204
    assert (await admin.put(f"{PATH}Lobby/", json={"description": "y"}, headers={"If-Match": seen})).status_code == 412


async def test_a_hidden_group_is_not_there_and_hidden_devices_are_not_in_it(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    lobby, vault = await create(admin), await create(admin, "Vault")
    ids = await fill(services, network, lobby, "A1", "A2")
    network_id = network.network_id
    await grant(services.store, network_id, VIEW_GROUP, allowed=False, entity_id=vault["id"], role_id=VIEWERS.id)
    await grant(services.store, network_id, VIEW_DEVICE, allowed=False, entity_id=ids[0], role_id=VIEWERS.id)
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    page = (await viewer.get(PATH)).json()
    assert [(group["name"], group["devicesCount"]) for group in page["items"]] == [("Default", 0), ("Lobby", 1)]
    assert (page["totalItemCount"], (await viewer.get(f"{PATH}Count/")).json()) == (2, 2)
    assert (await viewer.get(f"{PATH}Vault/")).status_code == 404
    seen = (await viewer.get(f"{PATH}Lobby/")).json()
    assert (seen["devicesCount"], [device["serial"] for device in seen["devices"]]) == (1, ["A2"])


async def test_no_device_can_be_moved_to_a_hidden_group(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    lobby, vault = await create(admin), await create(admin, "Vault")
    await fill(services, network, lobby, "A1")
    role_id = NETWORK_MANAGERS.id
    await grant(services.store, network.network_id, VIEW_GROUP, allowed=False, entity_id=vault["id"], role_id=role_id)
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    hidden, unknown = [
        await manager.put("/Devices/A1/", json={"settings": {"group": {"id": id_}}}) for id_ in (vault["id"], 4711)
    ]
    assert hidden.status_code == unknown.status_code == 400
    assert hidden.json()["message"].replace(str(vault["id"]), "4711") == unknown.json()["message"]


async def test_viewers_may_not_change_groups(sign_in: SignIn, call_as: CallAs) -> None:
    publisher = call_as(await sign_in("paul@example.com", role=PUBLISHERS))
    assert (await publisher.get(PATH)).status_code == 200
    assert (await publisher.post(PATH, json={"name": "Mine"})).status_code == 403
    creator = call_as(await sign_in("carl@example.com", role=CREATORS))
    assert (await creator.get(PATH)).status_code == 403


def permission(operation: Any, role_id: int, *, allowed: bool = True) -> dict[str, Any]:
    return {"operationUID": operation.uid, "principal": {"type": "Role", "id": role_id}, "isAllowed": allowed}


async def test_permissions_of_a_group_are_added_enforced_and_removed(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs
) -> None:
    group = await create(admin)
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    assert (await viewer.put(f"{PATH}Lobby/", json={"description": "x"})).status_code == 403
    path = f"{PATH}Lobby/Permissions/"
    assert (await admin.post(path, json=[permission(UPDATE_GROUP, VIEWERS.id)])).status_code == 204
    (stated,) = (await admin.get(path)).json()
    assert stated == {
        "entityId": group["id"],
        "operationUID": UPDATE_GROUP.uid,
        "principal": {"name": "Viewers", "isCustom": False, "type": "Role", "id": VIEWERS.id},
        "isFixed": False,
        "isInherited": False,
        "isAllowed": True,
        "creationDate": stated["creationDate"],
    }
    assert (await viewer.put(f"{PATH}Lobby/", json={"description": "x"})).status_code == 204
    assert (await viewer.put(f"{PATH}Default/", json={"description": "x"})).status_code == 403
    assert (await admin.get(f"{PATH}Lobby/")).json()["permissions"] == [stated]
    assert (await admin.request("DELETE", path, json=[stated])).status_code == 204
    assert (await viewer.put(f"{PATH}Lobby/", json={"description": "x"})).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (permission(VIEW_DEVICE, VIEWERS.id), "operation on a Group"),
        (permission(EDIT_GROUP_PERMISSIONS, VIEWERS.id), "single instances"),
        (permission(VIEW_GROUP, 1, allowed=False), "fixed"),
        (permission(VIEW_GROUP, 4711), "no role 4711"),
    ],
)
async def test_a_permission_that_cannot_be_is_refused(admin: AsyncClient, wanted: Any, reason: str) -> None:
    await create(admin)
    answer = await admin.post(f"{PATH}Lobby/Permissions/", json=[wanted])
    assert (answer.status_code, reason in answer.json()["message"]) == (400, True), answer.text


async def test_the_operations_on_groups_are_listed(admin: AsyncClient) -> None:
    answer = await admin.get(f"{PATH}Operations/")
    assert answer.json() == json.loads(encode(document(GROUP)))


async def test_groups_are_deleted_by_a_filter(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    groups = [await create(admin, name) for name in ("Hall A", "Hall B", "Foyer", "hall c")]
    (device,) = await fill(services, network, groups[0], "A1")
    for text in ("", " ", "[Nonsense] IS 1"):
        assert (await admin.delete(PATH, params={"filter": text})).status_code == 400
    assert (await admin.delete(PATH)).status_code == 400, "all groups are not meant by leaving it out"
    # A creator may do nothing to groups; one who may delete but not move devices leaves the groups that have some.
    creator = call_as(await sign_in("c@example.com", network_id=network.network_id, role=CREATORS))
    assert (await creator.delete(PATH, params={"filter": "[Name] IS 'Hall*'"})).status_code in (200, 403)
    limited = call_as(await sign_in("l@example.com", network_id=network.network_id, role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "l@example.com")
    assert user is not None
    await grant(services.store, network.network_id, UPDATE_DEVICE, user_id=user.id, allowed=False)
    assert (await limited.delete(PATH, params={"filter": "[Name] IS 'Hall*'"})).json() == 2
    assert (await admin.get(f"{PATH}Hall A/")).status_code == 200
    answer = await admin.delete(PATH, params={"filter": "[Name] IS NOT 'Foyer'"})
    assert (answer.status_code, answer.json()) == (200, 1)
    assert [group["name"] for group in (await admin.get(PATH)).json()["items"]] == ["Default", "Foyer"]
    moved = (await admin.get(f"/Devices/{device}/")).json()["settings"]["group"]
    assert moved["name"] == "Default"


async def test_changes_of_groups_are_in_the_audit_trail(admin: AsyncClient) -> None:
    group = await create(admin)
    await admin.put(f"{PATH}Lobby/", json={"name": "Hall"})
    await admin.delete(f"{PATH}Hall/")
    query = {"filter": f"[Entity] IS 'Group' AND [EntityId] IS {group['id']}", "sort": "[Id] ASC"}
    entries = (await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"]
    assert [(entry["action"], entry["name"]) for entry in entries] == [
        ("Create", "Lobby"), ("Update", "Lobby"), ("Delete", "Hall"),
    ]  # fmt: skip


async def test_devices_that_move_during_a_rename_have_the_new_name(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    red, blue = await create(admin, "Red 0"), await create(admin, "Blue 0")
    await fill(services, network, red, "A1", "A2")
    await fill(services, network, blue, "B1", "B2")
    for attempt in range(1, 6):
        to_red, to_blue = ({"settings": {"group": {"id": group["id"]}}} for group in (red, blue))
        await asyncio.gather(
            admin.put("/Devices/A1/", json=to_blue if attempt % 2 else to_red),
            admin.put("/Devices/B1/", json=to_red if attempt % 2 else to_blue),
            admin.put(f"{PATH}{red['id']}/", json={"name": f"Red {attempt}"}),
            admin.put(f"{PATH}{red['id']}/", json={"name": f"Red {attempt}!"}),
            admin.put(f"{PATH}{blue['id']}/", json={"name": f"Blue {attempt}"}),
        )
        for group in (red, blue):
            now = (await admin.get(f"{PATH}{group['id']}/")).json()
            assert now["devicesCount"] == 2
            filter_ = {"filter": f"[Settings].[Group].[Name] IS '{now['name']}'"}
            listed = (await admin.get("/Devices/", params=filter_)).json()["items"]
            assert {item["serial"] for item in listed} == {device["serial"] for device in now["devices"]}
            assert {item["settings"]["group"]["name"] for item in listed} == {now["name"]}


async def test_one_of_several_changes_with_one_entity_tag_wins(admin: AsyncClient) -> None:
    await create(admin)
    seen = {"If-Match": (await admin.get(f"{PATH}Lobby/")).headers["etag"]}
    answers = await asyncio.gather(
        *(admin.put(f"{PATH}Lobby/", json={"description": f"{number}"}, headers=seen) for number in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 412, 412, 412, 412]


async def test_a_device_does_not_take_the_name_back_that_its_group_just_had(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    group = await create(admin, "Hall")
    await fill(services, network, group, "A1")
    as_seen = {"settings": {"group": {"id": group["id"], "name": "Hall"}, "description": "By the door"}}
    putting: list[asyncio.Task[Response]] = []
    unpatched = services.store.write

    async def write(work: Any) -> Any:
        async def with_company(tx: Any) -> None:
            await work(tx)
            putting.append(asyncio.create_task(admin.put("/Devices/A1/", json=as_seen)))
            await asyncio.wait(putting, timeout=PATIENCE)

        # On SQLite no other transaction can begin before this one ends.
        with patch.object(services.store, "write", unpatched):
            return await unpatched(with_company if services.store.dialect == "postgresql" else work)

    with patch.object(services.store, "write", write):
        await admin.put(f"{PATH}Hall/", json={"name": "Lobby"})
    answer = await putting[0] if putting else await admin.put("/Devices/A1/", json=as_seen)
    assert answer.status_code == 400
    assert (await admin.get("/Devices/A1/")).json()["settings"]["group"]["name"] == "Lobby"
