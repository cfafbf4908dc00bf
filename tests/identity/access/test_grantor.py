"""Callers cannot grant rights that they lack: neither to others nor, through others, to themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import (
    CHANGE_USER_ROLE,
    CREATE_ROLE,
    CREATE_USER,
    DELETE_DEVICE,
    DEVICE,
    EDIT_DEVICE_PERMISSIONS,
    EDIT_ROLE_PERMISSIONS,
    EDIT_USER_PERMISSIONS,
    UPDATE_DEVICE,
    UPDATE_USER,
    VIEW_DEVICE,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import Rule, grant, put

HAL = "hal@example.com"


class Helper:
    """A user without a role, with a few permissions, and the requests that they try."""

    def __init__(self, client: AsyncClient, services: Services, network_id: int, user_id: int) -> None:
        self.client = client
        self.user_id = user_id
        self._store, self._network_id = services.store, network_id

    async def is_allowed(self, *operations: Operation) -> None:
        await put(self._store, self._network_id, [Rule(one, "User", self.user_id) for one in operations])

    async def is_denied(self, operation: Operation) -> None:
        await grant(self._store, self._network_id, operation, allowed=False, user_id=self.user_id)

    async def tries(self, method: str, path: str, body: Any) -> int:
        return (await self.client.request(method, path, json=body)).status_code


@pytest.fixture
async def helper(admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs) -> Helper:
    client = call_as(await sign_in(HAL, role=None))
    user_id = (await admin.get(f"/Users/{HAL}/")).json()["id"]
    return Helper(client, services, network.network_id, user_id)


def permission(operation: Operation, kind: str, id_: int, *, allowed: bool = True) -> list[dict[str, Any]]:
    return [{"operationUID": operation.uid, "principal": {"type": kind, "id": id_}, "isAllowed": allowed}]


async def test_callers_cannot_grant_themselves_more(helper: Helper) -> None:
    await helper.is_allowed(VIEW_USER, UPDATE_USER, CHANGE_USER_ROLE, EDIT_USER_PERMISSIONS)
    path = f"/Users/{helper.user_id}/"
    for role in (ADMINISTRATORS, VIEWERS):
        assert await helper.tries("PUT", path, {"roleName": role.name}) == 403
    for operation in (DEVICE, VIEW_DEVICE):
        assert await helper.tries("POST", f"{path}Permissions/", permission(operation, "User", helper.user_id)) == 403


async def test_callers_cannot_create_a_user_with_more_rights(helper: Helper) -> None:
    await helper.is_allowed(VIEW_USER, CREATE_USER, CHANGE_USER_ROLE)
    ann = {"person": {"login": "ann@example.com"}, "roleName": ADMINISTRATORS.name}
    assert await helper.tries("POST", "/Users/", ann) == 403
    assert await helper.tries("POST", "/Users/", ann | {"roleName": None}) == 201


async def test_callers_cannot_remove_their_own_denials(helper: Helper) -> None:
    await helper.is_allowed(VIEW_USER, EDIT_USER_PERMISSIONS, DEVICE)
    await helper.is_denied(DELETE_DEVICE)
    denied = permission(DELETE_DEVICE, "User", helper.user_id)
    assert await helper.tries("DELETE", f"/Users/{helper.user_id}/Permissions/", denied) == 403


async def test_callers_can_grant_and_revoke_what_they_have(helper: Helper, network: Tenant) -> None:
    await helper.is_allowed(VIEW_USER, EDIT_USER_PERMISSIONS, DEVICE)
    path = f"/Users/{network.user_id}/Permissions/"
    for method in ("POST", "DELETE"):
        assert await helper.tries(method, path, permission(UPDATE_DEVICE, "User", network.user_id)) == 204


async def test_creating_a_role_with_permissions_needs_the_right_to_edit_them(helper: Helper) -> None:
    await helper.is_allowed(CREATE_ROLE, VIEW_DEVICE)
    role = {"name": "Rho", "permissions": permission(VIEW_DEVICE, "Role", 0)}
    assert await helper.tries("POST", "/Roles/", role) == 403
    await helper.is_allowed(CREATE_ROLE, VIEW_DEVICE, EDIT_ROLE_PERMISSIONS)
    assert await helper.tries("POST", "/Roles/", role) == 201
    assert await helper.tries("POST", "/Roles/", {"name": "R", "permissions": permission(DEVICE, "Role", 0)}) == 403


async def test_a_role_cannot_get_more_than_its_editor_has(helper: Helper, admin: AsyncClient) -> None:
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    await helper.is_allowed(EDIT_ROLE_PERMISSIONS, VIEW_DEVICE)
    path = f"/Roles/{role_id}/Permissions/"
    assert await helper.tries("POST", path, permission(DEVICE, "Role", role_id)) == 403
    assert await helper.tries("POST", path, permission(VIEW_DEVICE, "Role", role_id)) == 204


async def test_only_callers_with_all_its_rights_assign_a_custom_role(
    helper: Helper, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    (device,) = await register(services.store, network.network_id, ["A1"])
    made = {"name": "Rho", "permissions": permission(VIEW_DEVICE, "Role", 0)}
    role_id = (await admin.post("/Roles/", json=made)).json()["id"]
    own = (VIEW_USER, UPDATE_USER, CHANGE_USER_ROLE)

    async def gives(operations: Sequence[Operation]) -> int:
        of_role = [Rule(VIEW_DEVICE, "Role", role_id), Rule(UPDATE_DEVICE, "Role", role_id, device)]
        of_helper = [Rule(one, "User", helper.user_id) for one in operations]
        await put(services.store, network.network_id, [*of_role, *of_helper])
        return await helper.tries("PUT", f"/Users/{helper.user_id}/", {"roleName": "Rho"})

    for operations, status in (
        (own, 403),
        ((*own, VIEW_DEVICE), 403),
        ((*own, VIEW_DEVICE, UPDATE_DEVICE), 204),
    ):
        assert await gives(operations) == status


async def test_permissions_on_a_device_cannot_exceed_the_grantors(
    helper: Helper, services: Services, network: Tenant
) -> None:
    (device,) = await register(services.store, network.network_id, ["A1"])
    await helper.is_allowed(VIEW_DEVICE, EDIT_DEVICE_PERMISSIONS)
    requested = permission(DELETE_DEVICE, "User", helper.user_id)
    assert await helper.tries("POST", "/Devices/A1/Permissions/", requested) == 403
    rules = (VIEW_DEVICE, EDIT_DEVICE_PERMISSIONS)
    await put(
        services.store,
        network.network_id,
        [*[Rule(one, "User", helper.user_id) for one in rules], Rule(DEVICE, "User", helper.user_id, device)],
    )
    assert await helper.tries("POST", "/Devices/A1/Permissions/", requested) == 204
