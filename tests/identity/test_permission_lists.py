"""Permissions of users, roles, groups and devices: the audit entries of their changes."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, UPDATE_GROUP
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.audit.recording import AuditEntry, record
from tests.conftest import ROOT
from tests.fleet.devices.stored import register

AUDIT = f"{ROOT}/admin/v1/audit/"
ENTITIES = {"User": "/Users/{}/", "Role": "/Roles/{}/", "Group": "/Groups/Regular/{}/", "Device": "/Devices/{}/"}
NAMES = {"User": "Joe@example.com", "Role": "Rho", "Group": "Lobby", "Device": "A1"}


async def made(entity: str, admin: AsyncClient, services: Services, network: Tenant) -> tuple[str, int, str, int]:
    """Creates an entity; returns the path of its permissions, its id, and the type and id of a principal for them."""
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    match entity:
        case "User":
            body = {"person": {"login": NAMES["User"]}, "roleName": "Viewers"}
            id_ = (await admin.post("/Users/", json=body)).json()["id"]
        case "Role":
            id_ = role_id
        case "Group":
            id_ = (await admin.post("/Groups/Regular/", json={"name": "Lobby"})).json()["id"]
        case _:
            (id_,) = await register(services.store, network.network_id, ["A1"])
    principal = (entity, id_) if entity in ("User", "Role") else ("Role", role_id)
    return ENTITIES[entity].format(id_) + "Permissions/", id_, *principal


def operation_for(entity: str) -> Operation:
    return UPDATE_GROUP if entity == "Group" else UPDATE_DEVICE


async def entries(admin: AsyncClient, entity: str, id_: int) -> list[dict[str, Any]]:
    """Returns the entries about permissions of one entity, oldest first, filtered by their actions."""
    actions = "[Action] IS 'AddPermissions' OR [Action] IS 'RemovePermissions'"
    query = {"filter": f"[Entity] IS '{entity}' AND ({actions})", "sort": "[Id] ASC"}
    answer = await admin.get(AUDIT, params=query)
    assert answer.status_code == 200, answer.text
    found = [entry for entry in answer.json()["items"] if entry["entityId"] == id_]
    assert {entry["name"] for entry in found} <= {NAMES[entity]}
    return found


@pytest.mark.parametrize("allowed", [True, False], ids=["grant", "denial"])
@pytest.mark.parametrize("entity", ENTITIES)
async def test_adding_and_removing_permissions_are_recorded_as_such(
    entity: str, allowed: bool, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    path, id_, type_, principal_id = await made(entity, admin, services, network)
    stated = {
        "operationUID": operation_for(entity).uid,
        "principal": {"type": type_, "id": principal_id},
        "isAllowed": allowed,
    }
    assert (await admin.post(path, json=[stated])).status_code == 204
    assert (await admin.request("DELETE", path, json=[stated])).status_code == 204
    assert [(entry["action"], entry["before"], entry["after"]) for entry in await entries(admin, entity, id_)] == [
        ("AddPermissions", None, [stated]),
        ("RemovePermissions", [stated], None),
    ]


@pytest.mark.parametrize("entity", ENTITIES)
async def test_a_removed_permission_is_recorded_as_it_was(
    entity: str, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    path, id_, type_, principal_id = await made(entity, admin, services, network)
    uid, principal = operation_for(entity).uid, {"type": type_, "id": principal_id}
    denial = {"operationUID": uid, "principal": principal, "isAllowed": False}
    other_spelling = {"operationUID": uid.upper(), "principal": principal, "isAllowed": True}
    assert (await admin.post(path, json=[denial])).status_code == 204
    assert (await admin.request("DELETE", path, json=[other_spelling])).status_code == 204
    assert (await entries(admin, entity, id_))[-1]["before"] == [denial]
    assert uid not in {item["operationUID"] for item in (await admin.get(path)).json()}


@pytest.mark.parametrize("entity", ENTITIES)
async def test_an_empty_change_leaves_no_entry(
    entity: str, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    path, id_, type_, principal_id = await made(entity, admin, services, network)
    uid, principal = operation_for(entity).uid, {"type": type_, "id": principal_id}
    absent = {"operationUID": uid, "principal": principal, "isAllowed": False}
    assert (await admin.post(path, json=[])).status_code == 204
    assert (await admin.request("DELETE", path, json=[absent])).status_code == 204
    assert await entries(admin, entity, id_) == []


async def test_entries_of_earlier_versions_are_unchanged(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    async def work(tx: Transaction) -> None:
        await record(tx, network.network_id, AuditEntry("Permit", "Role", 1001, "Rho", None, [{"isAllowed": False}]), 1)
        await record(tx, network.network_id, AuditEntry("Forbid", "Role", 1001, "Rho", [{"isAllowed": False}]), 2)

    await services.store.write(work)
    for action in ("Permit", "Forbid"):
        (entry,) = (await admin.get(AUDIT, params={"filter": f"[Action] IS '{action}'"})).json()["items"]
        assert (entry["action"], entry["name"]) == (action, "Rho")
