"""/Self/Users: the person as a user of their networks."""

from __future__ import annotations

import asyncio
import time

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_GROUP
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, CallAs, SignIn
from tests.examples import alike, example
from tests.interleaving import reading_before_writing


@pytest.fixture
def address(network: Tenant) -> str:
    """Returns the path of the administrator's user."""
    return f"/Self/Users/{network.user_id}/"


@pytest.mark.contract("GET /Self/Users/")
async def test_a_person_has_a_user_in_each_network(admin: AsyncClient) -> None:
    answer = await admin.get("/Self/Users/")
    assert alike(answer.json(), example("002-28-get-self-users-answer"))
    assert len(answer.json()) == 1
    await admin.post("/Self/Networks/", json={"name": "Second"})
    assert [user["network"]["name"] for user in (await admin.get("/Self/Users/")).json()] == ["Test Network", "Second"]


@pytest.mark.contract("GET /Self/Users/{user}/")
async def test_a_user_is_returned_with_person_network_and_own_permission(
    admin: AsyncClient, network: Tenant, address: str
) -> None:
    answer = await admin.get(address)
    user = answer.json()
    assert alike(user, example("002-29-get-self-users-id-int-answer"))
    assert (user["person"]["login"], user["network"]["id"]) == (network.login, network.network_id)
    assert user["roleName"] == "Administrators"
    (permission,) = user["permissions"]
    assert permission["operationUID"] == "67b9b0ab-fb5f-36c4-d598-a71aa8998e4e"
    assert permission["principal"] == {"login": network.login, "type": "User", "id": network.user_id}
    assert permission["isFixed"]
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert (await admin.get(address, headers=since)).status_code == 304


async def test_choosing_a_network_updates_the_last_login_of_its_user(
    admin: AsyncClient, network: Tenant, address: str
) -> None:
    assert (await admin.get(address)).json()["lastLoginDate"] is None
    await admin.put("/Self/Session/Network/", json={"id": network.network_id})
    assert (await admin.get(address)).json()["lastLoginDate"] is not None


@pytest.mark.parametrize("users", ["/Self/Users", "/Users"])
async def test_a_permission_on_one_entity_changes_the_validators_of_the_user(
    admin: AsyncClient, network: Tenant, users: str
) -> None:
    address, permissions = f"{users}/{network.user_id}/", "/Groups/Regular/Default/Permissions/"
    permission = {
        "operationUID": VIEW_GROUP.uid,
        "principal": {"type": "User", "id": network.user_id},
        "isAllowed": True,
    }
    seen = (await admin.get(address)).headers
    validators = ({"If-Modified-Since": seen["Last-Modified"]}, {"If-None-Match": seen["ETag"]})
    assert [(await admin.get(address, headers=each)).status_code for each in validators] == [304, 304]
    assert (await admin.post(permissions, json=[permission])).status_code == 204
    assert [(await admin.get(address, headers=each)).status_code for each in validators] == [200, 200]
    assert (await admin.request("DELETE", permissions, json=[permission])).status_code == 204
    assert [(await admin.get(address, headers=each)).status_code for each in validators] == [304, 304]


@pytest.mark.contract("GET /Self/Users/{user}/Role/")
async def test_a_system_role_is_returned_with_its_rules(admin: AsyncClient, address: str) -> None:
    role = (await admin.get(f"{address}Role/")).json()
    assert alike(role, example("002-30-get-self-users-id-int-role-answer"))
    assert (role["id"], role["name"], role["isCustom"]) == (1, "Administrators", False)
    assert role["userCount"] == 1
    assert {permission["principal"]["name"] for permission in role["permissions"]} == {"Administrators"}


@pytest.mark.contract("GET /Self/Users/{user}/Role/Permissions/")
async def test_a_roles_permissions_are_an_array(admin: AsyncClient, address: str) -> None:
    permissions = (await admin.get(f"{address}Role/Permissions/")).json()
    assert alike(permissions, example("002-37-get-self-users-id-int-role-permissions-answer"))
    assert permissions == (await admin.get(f"{address}Role/")).json()["permissions"]


async def test_a_user_without_a_role_has_none(sign_in: SignIn, call_as: CallAs) -> None:
    joe = call_as(await sign_in("joe@example.com", role=None))
    (user,) = (await joe.get("/Self/Users/")).json()
    assert user["roleName"] is None
    answer = await joe.get(f"/Self/Users/{user['id']}/Role/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await joe.get(f"/Self/Users/{user['id']}/Role/Permissions/")).json() == []


@pytest.mark.contract("GET /Self/Users/{user}/Permissions/")
async def test_a_users_permissions_are_an_array(admin: AsyncClient, address: str) -> None:
    permissions = (await admin.get(f"{address}Permissions/")).json()
    assert alike(permissions, example("002-36-get-self-users-id-int-permissions-answer"))
    assert permissions == (await admin.get(address)).json()["permissions"]


@pytest.mark.contract("GET /Self/Users/{user}/Notifications/")
async def test_an_administrator_has_the_notifications_of_the_example(admin: AsyncClient, address: str) -> None:
    answer = await admin.get(f"{address}Notifications/")
    expected = example("002-38-get-self-users-id-int-notifications-answer")
    assert list(answer.json().items()) == list(expected.items())


async def test_other_users_are_notified_of_suspensions_only(sign_in: SignIn, call_as: CallAs) -> None:
    viewer = call_as(await sign_in("joe@example.com", role=VIEWERS))
    (user,) = (await viewer.get("/Self/Users/")).json()
    settings = (await viewer.get(f"/Self/Users/{user['id']}/Notifications/")).json()
    assert {name for name, value in settings.items() if value} == {
        "networkSuspendedNotificationEnabled",
        "subscriptionSuspendedNotificationEnabled",
        "subscriptionsSuspendedNotificationEnabled",
    }


async def test_concurrent_changes_of_notifications_all_apply(admin: AsyncClient, address: str) -> None:
    names = ("deviceFailureNotificationEnabled", "networkSuspendingNotificationEnabled")
    for wanted in (True, False):
        with reading_before_writing():
            await asyncio.gather(*(admin.put(f"{address}Notifications/", json={name: wanted}) for name in names))
        settings = (await admin.get(f"{address}Notifications/")).json()
        assert [settings[name] for name in names] == [wanted, wanted]


async def test_notifications_are_named_in_any_letter_case(admin: AsyncClient, address: str) -> None:
    for wanted in (True, False):
        body = {"DEVICEFailureNotificationEnabled": wanted}
        assert (await admin.put(f"{address}Notifications/", json=body)).status_code == 204
        after = (await admin.get(f"{address}Notifications/")).json()
        assert after["deviceFailureNotificationEnabled"] is wanted


@pytest.mark.contract("PUT /Self/Users/{user}/Notifications/")
async def test_notifications_are_replaced_whole_or_in_part(admin: AsyncClient, address: str) -> None:
    whole = example("002-39-put-self-users-id-int-notifications-request") | {"deviceFailureNotificationEnabled": True}
    assert (await admin.put(f"{address}Notifications/", json=whole)).status_code == 204
    part = {"deviceFailureNotificationTemplate": "Down: {{device}}", "unknown": 1}
    assert (await admin.put(f"{address}Notifications/", json=part)).status_code == 204
    settings = (await admin.get(f"{address}Notifications/")).json()
    assert settings == whole | {"deviceFailureNotificationTemplate": "Down: {{device}}"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deviceFailureNotificationEnabled", None),
        ("deviceFailureNotificationEnabled", "yes"),
        ("deviceFailureNotificationTemplate", 1),
        ("deviceFailureNotificationTemplate", "x" * 65_537),
    ],
)
async def test_an_invalid_notification_setting_is_named(
    admin: AsyncClient, address: str, name: str, value: object
) -> None:
    answer = await admin.put(f"{address}Notifications/", json={name: value})
    assert answer.status_code == 400
    assert name in answer.json()["message"]


@ON_SQLITE
@pytest.mark.parametrize("path", ["", "Role/", "Role/Permissions/", "Permissions/", "Notifications/"])
async def test_users_of_other_people_are_404(admin: AsyncClient, sign_in: SignIn, call_as: CallAs, path: str) -> None:
    joe = call_as(await sign_in("joe@example.com"))
    (user,) = (await joe.get("/Self/Users/")).json()
    for ref in (user["id"], "me", 0, 99_999_999_999):
        assert (await admin.get(f"/Self/Users/{ref}/{path}")).status_code == 404


async def test_locks_and_role_changes_apply_at_once(
    sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    now = time.time_ns() // 1_000_000
    joe = call_as(await sign_in("joe@example.com"))
    person = await services.people.find("joe@example.com")
    assert person is not None
    user = await services.users.in_network(network.network_id, person.person_id)
    assert user is not None
    assert (await joe.post("/Provisioning/Setups/Tokens/")).status_code == 200
    await services.users.set_role(user, VIEWERS.id, now)
    assert (await joe.post("/Provisioning/Setups/Tokens/")).status_code == 403
    await services.users.set_locked(user, True, now)
    assert (await joe.get("/Devices/")).status_code == 401
    await services.users.set_locked(user, False, now)
    assert (await joe.get("/Devices/")).status_code == 200
    await services.networks.set_locked(await services.networks.row(network.network_id), True, now)
    assert (await joe.get("/Devices/")).status_code == 401
    await services.networks.set_locked(await services.networks.row(network.network_id), False, now)
    await services.people.set_locked("joe@example.com", True, now)
    assert (await joe.get("/Self/")).status_code == 401
