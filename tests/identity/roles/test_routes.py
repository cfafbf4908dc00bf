"""/Roles/: the roles of a network, and what they may do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import DEVICE, UPDATE_DEVICE, VIEW_DEVICE, VIEW_USER
from signfleet.identity.access.operations.roles import GENERAL_MANAGERS, SYSTEM_ROLES
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant
from tests.interleaving import reading_before_writing

NAMES = [role.name for role in SYSTEM_ROLES]


def permission(operation: Any, role_id: int = 0, allowed: bool = True) -> dict[str, Any]:
    return {
        "entityId": None,
        "operationUID": operation.uid,
        "principal": {"isCustom": True, "type": "Role", "id": role_id},
        "isFixed": False,
        "isInherited": False,
        "isAllowed": allowed,
        "creationDate": "0001-01-01T00:00:00",
    }


async def create(admin: AsyncClient, name: str = "Installers", **more: Any) -> dict[str, Any]:
    answer = await admin.post("/Roles/", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_every_network_has_the_six_roles(admin: AsyncClient) -> None:
    page = (await admin.get("/Roles/")).json()
    assert [(role["name"], role["isCustom"]) for role in page["items"]] == [(name, False) for name in NAMES]
    assert [role["userCount"] for role in page["items"]] == [1, 0, 0, 0, 0, 0]


async def test_a_role_is_found_by_id_and_by_name(admin: AsyncClient, network: Tenant) -> None:
    by_id, by_name = (await admin.get("/Roles/1/")).json(), (await admin.get("/Roles/administrators/")).json()
    assert by_id == by_name
    assert by_id["users"] == [{"id": network.user_id, "type": "User", "login": network.login}]
    assert by_id["permissions"][0]["isFixed"] is True


async def test_hidden_users_are_neither_listed_nor_counted(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    caller = call_as(await sign_in("dina@example.com"))
    users = (await admin.get("/Roles/1/")).json()["users"]
    (dina,) = [user["id"] for user in users if user["login"] == "dina@example.com"]
    await grant(services.store, network.network_id, VIEW_USER, allowed=False, entity_id=network.user_id, user_id=dina)
    seen = (await caller.get("/Roles/1/")).json()
    assert (seen["users"], seen["userCount"]) == ([{"id": dina, "type": "User", "login": "dina@example.com"}], 1)
    assert (await caller.get("/Roles/")).json()["items"][0]["userCount"] == 1
    assert len(users) == 2


async def test_a_custom_role_is_created_with_its_permissions(admin: AsyncClient) -> None:
    role = await create(admin, description="Put up screens", permissions=[permission(VIEW_DEVICE)])
    assert list(role) == [
        "id", "isCustom", "name", "description", "creationDate", "userCount", "users", "permissions"
    ]  # fmt: skip
    assert (role["isCustom"], role["description"], role["userCount"]) == (True, "Put up screens", 0)
    (stated,) = role["permissions"]
    assert stated["principal"] == {"name": "Installers", "isCustom": True, "type": "Role", "id": role["id"]}
    assert (stated["operationUID"], stated["isFixed"], stated["entityId"]) == (VIEW_DEVICE.uid, False, None)
    assert (await admin.get(f"/Roles/{role['id']}/")).json() == role


async def test_pages_list_system_roles_before_custom_ones(admin: AsyncClient) -> None:
    custom = [(await create(admin, f"R{number}"))["name"] for number in range(3)]
    names, marker = [], None
    while True:
        page = (await admin.get("/Roles/", params={"pageSize": 4, **({"marker": marker} if marker else {})})).json()
        assert page["totalItemCount"] == 9
        names += [role["name"] for role in page["items"]]
        marker = page["nextMarker"]
        if marker is None:
            break
    assert names == NAMES + custom


@pytest.mark.parametrize("name", ["", "  ", "7", "a/b", "..", "Viewers", "viewers", "INSTALLERS"])
async def test_an_invalid_name_is_refused(admin: AsyncClient, name: str) -> None:
    await create(admin)
    answer = await admin.post("/Roles/", json={"name": name})
    assert (answer.status_code, "'name'" in answer.json()["message"]) == (400, True)


async def test_a_role_is_renamed_and_missing_members_are_unchanged(admin: AsyncClient) -> None:
    role = await create(admin, description="Put up screens")
    assert (await admin.put("/Roles/Installers/", json={"name": "Technicians"})).status_code == 204
    assert (await admin.get("/Roles/Installers/")).status_code == 404
    assert (await admin.get("/Roles/Technicians/")).json() == role | {"name": "Technicians"}


async def test_a_role_is_deleted(admin: AsyncClient) -> None:
    await create(admin, permissions=[permission(VIEW_DEVICE)])
    assert (await admin.delete("/Roles/Installers/")).status_code == 204
    assert (await admin.get("/Roles/Installers/")).status_code == 404


@pytest.mark.parametrize("ref", ["1", "Viewers"])
async def test_a_system_role_cannot_be_changed(admin: AsyncClient, ref: str) -> None:
    role_id = 1 if ref == "1" else 6
    for answer in (
        await admin.put(f"/Roles/{ref}/", json={"name": "Other"}),
        await admin.delete(f"/Roles/{ref}/"),
        await admin.post(f"/Roles/{ref}/Permissions/", json=[permission(VIEW_DEVICE, role_id)]),
        await admin.request("DELETE", f"/Roles/{ref}/Permissions/", json=[permission(DEVICE, role_id)]),
    ):
        assert (answer.status_code, "system role" in answer.json()["message"]) == (400, True)


async def test_permissions_are_added_and_removed(admin: AsyncClient) -> None:
    role_id = (await create(admin))["id"]
    path = f"/Roles/{role_id}/Permissions/"
    wanted = [permission(DEVICE, role_id), permission(UPDATE_DEVICE, role_id, allowed=False)]
    assert (await admin.post(path, json=wanted)).status_code == 204
    stated = (await admin.get(path)).json()
    assert {(item["operationUID"], item["isAllowed"]) for item in stated} == {
        (DEVICE.uid, True),
        (UPDATE_DEVICE.uid, False),
    }
    assert (await admin.request("DELETE", path, json=stated[:1])).status_code == 204
    assert (await admin.get(path)).json() == stated[1:]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"operationUID": "0c2f1d2c-0000-0000-0000-000000000000"}, "operationUID"),
        ({"principal": {"type": "Role", "id": 4711}}, "principal"),
        ({"principal": {"type": "User", "id": 1}}, "principal"),
        ({"entityId": 5}, "entityId"),
    ],
)
async def test_an_invalid_permission_is_refused_with_its_position(
    admin: AsyncClient, change: dict[str, Any], field: str
) -> None:
    role_id = (await create(admin))["id"]
    answer = await admin.post(f"/Roles/{role_id}/Permissions/", json=[permission(VIEW_DEVICE, role_id) | change])
    assert (answer.status_code, f"[0].{field}" in answer.json()["message"]) == (400, True)


async def test_an_existing_permission_is_a_conflict(admin: AsyncClient) -> None:
    role_id = (await create(admin))["id"]
    path = f"/Roles/{role_id}/Permissions/"
    twice = [permission(VIEW_DEVICE, role_id), permission(VIEW_DEVICE, role_id, allowed=False)]
    assert (await admin.post(path, json=twice)).status_code == 400
    assert (await admin.get(path)).json() == []


async def test_a_custom_role_allows_only_what_it_grants(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    role_id = (await create(admin, permissions=[permission(VIEW_DEVICE)]))["id"]
    installer = call_as(await sign_in("ina@example.com", role=None))
    person = await services.people.find("ina@example.com")
    assert person is not None
    user = await services.users.in_network(network.network_id, person.person_id)
    assert (await installer.get("/Devices/A1/")).status_code == 403
    await services.users.set_role(user, role_id, 1)
    assert (await installer.get("/Devices/A1/")).status_code == 200
    assert (await installer.put("/Devices/A1/", json={})).status_code == 403
    path = f"/Roles/{role_id}/Permissions/"
    await admin.post(path, json=[permission(UPDATE_DEVICE, role_id)])
    assert (await installer.put("/Devices/A1/", json={})).status_code == 204
    refused = await admin.delete(f"/Roles/{role_id}/")
    assert (refused.status_code, "1 users" in refused.json()["message"]) == (400, True)


async def test_devices_show_a_renamed_role_and_omit_a_deleted_one(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    role_id = (await create(admin))["id"]
    assert (await admin.post("/Devices/A1/Permissions/", json=[permission(VIEW_DEVICE, role_id)])).status_code == 204
    await admin.put(f"/Roles/{role_id}/", json={"name": "Technicians"})
    (stated,) = (await admin.get("/Devices/A1/")).json()["permissions"]
    assert stated["principal"]["name"] == "Technicians"
    await admin.delete(f"/Roles/{role_id}/")
    assert (await admin.get("/Devices/A1/")).json()["permissions"] == []
    assert (await admin.get("/Devices/A1/Permissions/")).json() == []


async def test_operations_list_the_rights_of_custom_roles(admin: AsyncClient) -> None:
    role_id = (await create(admin, permissions=[permission(DEVICE)]))["id"]
    tree = (await admin.get("/Operations/Root/device/")).json()
    listed = [item for item in tree["permissions"] if item["principal"]["id"] == role_id]
    assert [(item["isInherited"], item["isFixed"]) for item in listed] == [(False, False)]
    child = tree["descendants"][0]["permissions"][-1]
    assert (child["principal"]["id"], child["isInherited"], child["isAllowed"]) == (role_id, True, True)


async def test_operations_are_listed_whole_or_by_entity(admin: AsyncClient) -> None:
    roots = (await admin.get("/Operations/Root/")).json()
    assert [root["targetEntity"] for root in roots] == ["Device", "Subscription", "Group", "User", "Role", "Network"]
    assert (await admin.get("/Operations/Root/Nothing/")).status_code == 404


async def test_operations_that_the_contract_lacks_are_listed_by_an_endpoint_of_our_own(admin: AsyncClient) -> None:
    trees = {"contract": "/Operations/Root/", "all": f"{ROOT}/admin/v1/operations/"}
    names = {name: (await admin.get(path)).text.count("Send Danger Commands") for name, path in trees.items()}
    assert names["contract"] == 0
    assert names["all"] > 0


async def test_two_concurrent_changes_both_apply(admin: AsyncClient) -> None:
    address = f"/Roles/{(await create(admin))['id']}/"
    with reading_before_writing():
        await asyncio.gather(
            admin.put(address, json={"name": "Fitters"}), admin.put(address, json={"description": "On the roof"})
        )
    role = (await admin.get("/Roles/Fitters/")).json()
    assert role["description"] == "On the roof"


async def test_of_two_concurrent_equal_grants_one_is_a_conflict(admin: AsyncClient) -> None:
    body = [permission(VIEW_DEVICE, (await create(admin))["id"])]
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.post("/Roles/Installers/Permissions/", json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 400]


async def test_of_two_concurrent_deletes_of_a_role_one_succeeds(admin: AsyncClient) -> None:
    await create(admin)
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.delete("/Roles/Installers/") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 404]


async def test_of_a_concurrent_delete_and_assignment_of_a_role_one_succeeds(admin: AsyncClient) -> None:
    await create(admin)
    await admin.post("/Users/", json={"person": {"login": "joe@example.com"}})
    with reading_before_writing():
        gone, given = await asyncio.gather(
            admin.delete("/Roles/Installers/"), admin.put("/Users/joe@example.com/", json={"roleName": "Installers"})
        )
    assert {gone.status_code, given.status_code} == {204, 400}, (gone.text, given.text)


async def test_a_device_lists_no_role_deleted_during_a_grant(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    body = [permission(VIEW_DEVICE, (await create(admin))["id"])]
    with reading_before_writing():
        permitted, gone = await asyncio.gather(
            admin.post("/Devices/A1/Permissions/", json=body), admin.delete("/Roles/Installers/")
        )
    assert (permitted.status_code in (204, 400), gone.status_code) == (True, 204)
    assert (await admin.get("/Devices/A1/Permissions/")).json() == []


async def test_roles_are_for_administrators(sign_in: SignIn, call_as: CallAs) -> None:
    manager = call_as(await sign_in("mary@example.com", role=GENERAL_MANAGERS))
    assert (await manager.get("/Roles/")).status_code == 200
    assert (await manager.post("/Roles/", json={"name": "Mine"})).status_code == 403
