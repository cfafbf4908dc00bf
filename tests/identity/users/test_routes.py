"""/Users/: the users of a network, for its administrators."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage import postgres
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access import grants
from signfleet.identity.access.last_administrator import require_another_administrator
from signfleet.identity.access.operations.definitions import (
    CREATE_USER,
    DEVICE,
    UPDATE_DEVICE,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_USER,
)
from signfleet.identity.access.operations.roles import ADMINISTRATORS, GENERAL_MANAGERS, VIEWERS
from tests.conftest import BASE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant
from tests.interleaving import PATIENCE, reading_before_writing

JOE = "Joe@example.com"


async def create(admin: AsyncClient, login: str = JOE, role: str | None = "Viewers", **person: Any) -> dict[str, Any]:
    answer = await admin.post("/Users/", json={"person": {"login": login, **person}, "roleName": role})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def permission(operation: Any, user_id: int, *, allowed: bool = True, entity_id: int | None = None) -> dict[str, Any]:
    return {
        "entityId": entity_id,
        "operationUID": operation.uid,
        "principal": {"type": "User", "id": user_id},
        "isAllowed": allowed,
    }


async def test_a_new_user_is_an_invitation_with_a_suggested_password(
    admin: AsyncClient, client: AsyncClient, network: Tenant
) -> None:
    answer = await admin.post("/Users/", json={"person": {"login": JOE}, "roleName": "viewers", "description": "Door"})
    user = answer.json()
    assert answer.headers["location"] == f"{BASE}/Users/{user['id']}/"
    assert list(user) == [
        "id", "person", "network", "description", "creationDate", "lastModifiedDate", "lastLoginDate", "isLockedOut",
        "lastLockoutDate", "roleName", "permissions",
    ]  # fmt: skip
    assert (user["roleName"], user["description"], user["network"]["name"]) == ("Viewers", "Door", network.network)
    assert user["person"]["activationDate"] is None
    form = {"grant_type": "password", "client_id": "x", "username": f"{network.network}/{JOE}"}
    signed_in = await client.post("/Token", data={**form, "client_secret": "x", "password": user["person"]["password"]})
    assert (signed_in.status_code, signed_in.json()["error"]) == (400, "invalid_grant")
    again = (await admin.get(f"/Users/{JOE}/")).json()
    assert again["person"]["password"] is None
    assert user["permissions"] == [
        {
            "entityId": user["id"],
            "operationUID": VIEW_USER.uid,
            "principal": {"login": JOE, "type": "User", "id": user["id"]},
            "isFixed": True,
            "isInherited": False,
            "isAllowed": True,
            "creationDate": user["creationDate"],
        }
    ]


async def test_a_mailbox_has_one_user_in_a_network(admin: AsyncClient, network: Tenant) -> None:
    await create(admin)
    for login in (JOE, JOE.lower(), f" {JOE} ", network.login.upper()):
        taken = await admin.post("/Users/", json={"person": {"login": login}})
        assert (taken.status_code, "'person.login'" in taken.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"person": {"login": "nobody"}}, "'login'"),
        ({"person": {"login": JOE, "password": "weak"}}, "'password'"),
        ({"person": {"login": JOE, "password": ""}}, "'password'"),
        ({"person": {"login": JOE}, "roleName": "Kings"}, "'roleName'"),
        ({"person": {}}, "login"),
    ],
)
async def test_an_invalid_user_is_refused_and_not_created(admin: AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await admin.post("/Users/", json=body)
    assert (answer.status_code, field in answer.json()["message"]) == (400, True), answer.text
    assert (await admin.get("/Users/")).json()["totalItemCount"] == 1


async def test_users_are_listed_filtered_sorted_and_paged(admin: AsyncClient, network: Tenant) -> None:
    for login, role in ((JOE, "Viewers"), ("ann@example.com", "Creators")):
        await create(admin, login, role)
    page = (await admin.get("/Users/", params={"sort": "[Person].[Login] ASC", "pageSize": 2})).json()
    assert [user["person"]["login"] for user in page["items"]] == ["ann@example.com", network.login]
    rest = (await admin.get("/Users/", params={"sort": "[Person].[Login] ASC", "marker": page["nextMarker"]})).json()
    assert [user["person"]["login"] for user in rest["items"]] == [JOE]
    for filter_ in ("[RoleName] IS 'Viewers'", "[Login] IS 'JOE@example.com'", "[IsLockedOut] IS False AND [Id] IS 2"):
        found = (await admin.get("/Users/", params={"filter": filter_})).json()
        assert (found["matchingItemCount"], found["totalItemCount"]) == (1, 3), filter_


async def test_a_user_is_found_by_id_and_by_login(admin: AsyncClient) -> None:
    user = await create(admin, password="7t#Sqg7*")
    for ref in (str(user["id"]), JOE, JOE.lower()):
        assert (await admin.get(f"/Users/{ref}/")).json() == user
    assert (await admin.get("/Users/nobody@example.com/")).status_code == 404


async def test_a_member_missing_from_a_put_is_unchanged(admin: AsyncClient) -> None:
    user = await create(admin, password="7t#Sqg7*")
    assert (await admin.put(f"/Users/{JOE}/", json=user | {"description": "Roof"})).status_code == 204
    assert (await admin.put(f"/Users/{JOE}/", json={"roleName": "Creators"})).status_code == 204
    changed = (await admin.get(f"/Users/{JOE}/")).json()
    assert (changed["description"], changed["roleName"], changed["isLockedOut"]) == ("Roof", "Creators", False)


async def test_a_locked_user_loses_access_at_once(admin: AsyncClient, sign_in: SignIn, call_as: CallAs) -> None:
    await create(admin)
    joe = call_as(await sign_in(JOE))
    assert (await joe.get("/Devices/")).status_code == 200
    await admin.put(f"/Users/{JOE}/", json={"isLockedOut": True})
    assert (await joe.get("/Devices/")).status_code == 401
    assert (await admin.get(f"/Users/{JOE}/")).json()["lastLockoutDate"] is not None
    await admin.put(f"/Users/{JOE}/", json={"isLockedOut": False})
    assert (await joe.get("/Devices/")).status_code == 200


async def test_a_deleted_user_loses_access_at_once_and_the_person_remains(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, services: Services
) -> None:
    user = await create(admin)
    await admin.post(f"/Users/{JOE}/Permissions/", json=[permission(DEVICE, user["id"])])
    joe = call_as(await sign_in(JOE))
    assert (await admin.delete(f"/Users/{JOE}/")).status_code == 204
    assert (await joe.get("/Devices/")).status_code == 401
    assert (await admin.get(f"/Users/{JOE}/")).status_code == 404
    assert await services.people.find(JOE) is not None


@pytest.mark.parametrize(
    "body", [{"roleName": "Viewers"}, {"roleName": None}, {"isLockedOut": True}], ids=["demote", "strip", "lock"]
)
async def test_the_last_administrator_cannot_be_demoted_or_locked(
    admin: AsyncClient, network: Tenant, sign_in: SignIn, body: dict[str, Any]
) -> None:
    path = f"/Users/{network.user_id}/"
    assert (await admin.put(path, json=body)).status_code == 400
    await create(admin, role="Administrators")
    assert (await admin.put(path, json=body)).status_code == 400
    await sign_in(JOE)
    assert (await admin.put(path, json=body)).status_code == 204


async def test_the_last_administrator_cannot_be_deleted_or_denied_anything(admin: AsyncClient, network: Tenant) -> None:
    await create(admin, role="Administrators")
    await admin.put(f"/Users/{JOE}/", json={"isLockedOut": True})
    deny = permission(DEVICE, network.user_id, allowed=False)
    assert (await admin.post(f"/Users/{network.user_id}/Permissions/", json=[deny])).status_code == 400
    assert (await admin.delete(f"/Users/{network.user_id}/")).status_code == 400


async def test_administrators_cannot_deny_each_other_until_none_can_undo_it(
    admin: AsyncClient, network: Tenant, sign_in: SignIn
) -> None:
    joe = (await create(admin, role="Administrators"))["id"]
    await sign_in(JOE)
    path = f"/Users/{network.user_id}/"
    denied = [permission(VIEW_DEVICE, joe, allowed=False)]
    assert (await admin.post(f"/Users/{JOE}/Permissions/", json=denied)).status_code == 204
    own = [permission(DEVICE, network.user_id, allowed=False)]
    assert (await admin.post(f"{path}Permissions/", json=own)).status_code == 400
    assert (await admin.put(path, json={"roleName": "Viewers"})).status_code == 400
    assert (await admin.delete(path)).status_code == 400
    assert (await admin.request("DELETE", f"/Users/{JOE}/Permissions/", json=denied)).status_code == 204
    assert (await admin.put(path, json={"roleName": "Viewers"})).status_code == 204


async def test_concurrent_mutual_denials_of_administrators_do_not_both_succeed(
    admin: AsyncClient, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    other = call_as(await sign_in(JOE, role=ADMINISTRATORS))
    joe = (await admin.get(f"/Users/{JOE}/")).json()["id"]

    async def deny(caller: AsyncClient, user_id: int) -> int:
        denied = [permission(DEVICE, user_id, allowed=False)]
        return (await caller.post(f"/Users/{user_id}/Permissions/", json=denied)).status_code

    assert sorted(await asyncio.gather(deny(admin, joe), deny(other, network.user_id))) == [204, 400]


async def test_nothing_can_be_hidden_from_the_last_administrator(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    manager = call_as(await sign_in("mary@example.com", role=GENERAL_MANAGERS))
    for path, operation in (("/Devices/A1/", VIEW_DEVICE), ("/Groups/Regular/Default/", VIEW_GROUP)):
        hidden = permission(operation, network.user_id, allowed=False)
        answer = await manager.post(f"{path}Permissions/", json=[hidden])
        assert (answer.status_code, "last administrator" in answer.json()["message"]) == (400, True)
        assert (await admin.get(path)).status_code == 200


async def test_a_grant_to_a_user_outranks_their_role(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    user_id = (await create(admin))["id"]
    joe = call_as(await sign_in(JOE))
    assert (await joe.put("/Devices/A1/", json={})).status_code == 403
    path = f"/Users/{JOE}/Permissions/"
    wanted = [permission(UPDATE_DEVICE, user_id), permission(VIEW_DEVICE, user_id)]
    assert (await admin.post(path, json=wanted)).status_code == 204
    assert (await joe.put("/Devices/A1/", json={})).status_code == 204
    stated = (await admin.get(path)).json()
    assert [item["isFixed"] for item in stated] == [True, False, False]
    assert (await admin.request("DELETE", path, json=stated[1:])).status_code == 204
    assert (await joe.put("/Devices/A1/", json={})).status_code == 403


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_the_right_of_users_to_see_themselves_is_fixed(admin: AsyncClient, method: str) -> None:
    user_id = (await create(admin))["id"]
    fixed = permission(VIEW_USER, user_id, allowed=False, entity_id=user_id)
    answer = await admin.request(method, f"/Users/{JOE}/Permissions/", json=[fixed])
    assert (answer.status_code, "fixed" in answer.json()["message"]) == (400, True)


async def test_users_see_themselves_and_see_others_only_with_the_permission(
    network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    page = (await viewer.get("/Users/")).json()
    assert ([user["person"]["login"] for user in page["items"]], page["totalItemCount"]) == (["vera@example.com"], 1)
    assert (await viewer.get("/Users/vera@example.com/")).status_code == 200
    assert (await viewer.get(f"/Users/{network.user_id}/")).status_code == 404
    manager = call_as(await sign_in("mary@example.com", role=GENERAL_MANAGERS))
    assert (await manager.get("/Users/")).json()["totalItemCount"] == 3
    assert (await manager.put("/Users/vera@example.com/", json={"description": "x"})).status_code == 403


async def test_a_users_token_is_checked_and_revoked(
    admin: AsyncClient, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await create(admin)
    token = await sign_in(JOE)
    answer = await admin.get(f"/Users/{JOE}/Tokens/{token}/")
    assert (answer.status_code, answer.json()["token"], answer.headers["cache-control"]) == (200, token, "no-store")
    assert (await admin.get(f"/Users/{network.user_id}/Tokens/{token}/")).status_code == 404
    assert (await admin.delete(f"/Users/{JOE}/Tokens/{token}/")).status_code == 204
    assert (await call_as(token).get("/Devices/")).status_code == 401
    assert (await admin.get(f"/Users/{JOE}/Tokens/{token}/")).status_code == 404


async def test_the_audit_trail_records_changes_of_users(admin: AsyncClient) -> None:
    await create(admin, role="Creators")
    await admin.put(f"/Users/{JOE}/", json={"roleName": "Viewers"})
    await admin.delete(f"/Users/{JOE}/")
    query = {"filter": f"[Entity] IS 'User' AND [Name] IS '{JOE}'", "sort": "[Id] ASC"}
    entries = (await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"]
    assert [(entry["action"], entry["name"]) for entry in entries] == [
        ("Create", JOE),
        ("Update", JOE),
        ("Delete", JOE),
    ]
    assert (entries[1]["before"], entries[1]["after"]) == ({"roleName": "Creators"}, {"roleName": "Viewers"})


async def test_of_two_conditional_changes_of_a_user_one_succeeds(admin: AsyncClient) -> None:
    await create(admin)
    seen = {"If-Match": (await admin.get(f"/Users/{JOE}/")).headers["etag"]}
    with reading_before_writing():
        answers = await asyncio.gather(
            *(admin.put(f"/Users/{JOE}/", json={"description": text}, headers=seen) for text in ("Door", "Roof"))
        )
    assert sorted(answer.status_code for answer in answers) == [204, 412]


async def test_two_concurrent_changes_both_apply(admin: AsyncClient) -> None:
    await create(admin)
    with reading_before_writing():
        await asyncio.gather(
            admin.put(f"/Users/{JOE}/", json={"description": "Door"}),
            admin.put(f"/Users/{JOE}/", json={"isLockedOut": True}),
        )
    user = (await admin.get(f"/Users/{JOE}/")).json()
    assert (user["description"], user["isLockedOut"]) == ("Door", True)


async def test_of_two_concurrent_deletes_of_a_user_one_succeeds(admin: AsyncClient) -> None:
    await create(admin)
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.delete(f"/Users/{JOE}/") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 404]


async def test_of_two_concurrent_equal_grants_one_is_a_conflict(admin: AsyncClient) -> None:
    body = [permission(VIEW_DEVICE, (await create(admin))["id"])]
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.post(f"/Users/{JOE}/Permissions/", json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 400]


async def test_a_device_lists_no_user_deleted_during_a_grant(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    body = [permission(VIEW_DEVICE, (await create(admin))["id"])]
    with reading_before_writing():
        permitted, gone = await asyncio.gather(
            admin.post("/Devices/A1/Permissions/", json=body), admin.delete(f"/Users/{JOE}/")
        )
    assert (permitted.status_code in (204, 400), gone.status_code) == (True, 204)
    assert (await admin.get("/Devices/A1/Permissions/")).json() == []


async def test_a_user_can_be_deleted_during_a_denial(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, ["A1"])
    body = [permission(VIEW_DEVICE, (await create(admin, role=ADMINISTRATORS.name))["id"], allowed=False)]
    deleting: list[asyncio.Task[Response]] = []
    attempts: list[int] = []

    async def delete_meanwhile(tx: Transaction, network_id: int, user_id: int) -> None:
        if services.store.dialect == "postgresql":  # where another unit of work can begin before this one ends
            deleting.append(asyncio.create_task(admin.delete(f"/Users/{JOE}/")))
            await asyncio.wait(deleting, timeout=PATIENCE)
        await require_another_administrator(tx, network_id, user_id)

    async def pause(attempt: int) -> None:
        attempts.append(attempt)

    with (
        patch.object(grants, "require_another_administrator", delete_meanwhile),
        patch.object(postgres, "_pause", pause),
    ):
        denied = await admin.post("/Devices/A1/Permissions/", json=body)
        gone = await (deleting[0] if deleting else admin.delete(f"/Users/{JOE}/"))
    assert (denied.status_code, gone.status_code, attempts) == (204, 204, [])
    assert (await admin.get("/Devices/A1/Permissions/")).json() == []


async def test_a_role_with_more_rights_than_the_caller_cannot_be_assigned(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    helper = call_as(await sign_in("hal@example.com", role=VIEWERS))
    await grant(services.store, network.network_id, CREATE_USER, role_id=VIEWERS.id)
    assert (await helper.post("/Users/", json={"person": {"login": JOE}})).status_code == 201
    other = {"person": {"login": "ann@example.com"}, "roleName": ADMINISTRATORS.name}
    assert (await helper.post("/Users/", json=other)).status_code == 403
