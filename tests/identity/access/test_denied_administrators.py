"""An administrator who is denied an operation on one entity cannot regain it by any detour."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import (
    DELETE_GROUP,
    DEVICE,
    GROUP,
    ROLE,
    UPDATE_DEVICE,
    UPDATE_GROUP,
    USER,
    VIEW_DEVICE,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import ADMINISTRATORS, CREATORS, GENERAL_MANAGERS, VIEWERS
from signfleet.identity.access.visibility import escalation
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import Rule, put

BEN = "ben@example.com"
UMA = "uma@example.com"


class Network(NamedTuple):
    """Two devices; Ben, an administrator to be denied things on the first; and Uma, a viewer."""

    services: Services
    id: int
    denied_device: int
    other_device: int
    ben: AsyncClient
    ben_id: int
    uma_id: int

    async def deny(self, *operations: Operation, to_role: int = 0) -> None:
        """Denies operations on the first device, to Ben or else to a role; there are no other permissions."""
        kind, id_ = ("Role", to_role) if to_role else ("User", self.ben_id)
        rules = [Rule(one, kind, id_, self.denied_device, is_allowed=False) for one in operations]
        await put(self.services.store, self.id, rules)

    async def ben_tries(self, method: str, path: str, body: Any = None, **parameters: str) -> int:
        answer = await self.ben.request(method, path, json=body, params=parameters)
        return answer.status_code


@pytest.fixture
async def there(admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs) -> Network:
    first, second = await register(services.store, network.network_id, ["A1", "A2"])
    ben = call_as(await sign_in(BEN))
    await sign_in(UMA, role=VIEWERS)
    ids = [(await admin.get(f"/Users/{login}/")).json()["id"] for login in (BEN, UMA)]
    return Network(services, network.network_id, first, second, ben, *ids)


def permission(operation: Operation, kind: str, id_: int, *, allowed: bool = True) -> list[dict[str, Any]]:
    return [{"operationUID": operation.uid, "principal": {"type": kind, "id": id_}, "isAllowed": allowed}]


def new_user(login: str, role: str | None) -> dict[str, Any]:
    return {"person": {"login": login}, "roleName": role}


@pytest.mark.parametrize("denied", [DEVICE, UPDATE_DEVICE], ids=["full control", "one operation"])
async def test_a_denied_administrator_cannot_grant_access_to_others(there: Network, denied: Operation) -> None:
    await there.deny(denied)
    uma = f"/Users/{there.uma_id}/"
    refused = [
        ("POST", "/Users/", new_user("cora@example.com", ADMINISTRATORS.name)),
        ("POST", "/Users/", new_user("cora@example.com", GENERAL_MANAGERS.name)),
        ("PUT", uma, {"roleName": ADMINISTRATORS.name}),
        ("POST", f"{uma}Permissions/", permission(denied, "User", there.uma_id)),
        ("POST", f"{uma}Permissions/", permission(denied.root, "User", there.uma_id)),
        ("POST", "/Roles/", {"name": "Rho", "permissions": permission(DEVICE, "Role", 0)}),
    ]
    for method, path, body in refused:
        answer = await there.ben.request(method, path, json=body)
        assert answer.status_code == 403, (path, body)
        assert "You cannot grant" in answer.json()["message"]
    await there.deny()
    for method, path, body in refused[1:]:
        # 400: the permission exists already.
        assert await there.ben_tries(method, path, body) in (201, 204, 400), (path, body)


async def test_a_role_with_the_same_denial_can_be_assigned(there: Network, admin: AsyncClient) -> None:
    """Callers who are denied an operation can still assign a role that is denied it too."""
    await there.deny(DEVICE)
    assert await there.ben_tries("POST", "/Users/", new_user("cora@example.com", VIEWERS.name)) == 403
    assert await there.ben_tries("POST", "/Users/", new_user("cora@example.com", CREATORS.name)) == 201
    on_device = permission(VIEW_DEVICE, "Role", VIEWERS.id, allowed=False)
    assert (await admin.post("/Devices/A1/Permissions/", json=on_device)).status_code == 204
    assert (
        await there.ben_tries("POST", "/Users/", new_user("dora@example.com", VIEWERS.name)) == 403
    )  # their other rights
    on_device = permission(DEVICE, "Role", VIEWERS.id, allowed=False)
    assert (await admin.post("/Devices/A1/Permissions/", json=on_device)).status_code == 204
    assert await there.ben_tries("POST", "/Users/", new_user("dora@example.com", VIEWERS.name)) == 201


async def test_no_change_of_ones_own_user_removes_a_denial(there: Network) -> None:
    await there.deny(UPDATE_DEVICE)
    mine, on_device = f"/Users/{there.ben_id}/", permission(UPDATE_DEVICE, "User", there.ben_id, allowed=False)
    assert await there.ben_tries("DELETE", "/Devices/A1/Permissions/", on_device) == 403
    for operation in (DEVICE, UPDATE_DEVICE):
        allowed = permission(operation, "User", there.ben_id)
        assert await there.ben_tries("POST", "/Devices/A1/Permissions/", allowed) in (400, 403)
        # A general permission does not outweigh a denial on the device.
        assert await there.ben_tries("POST", f"{mine}Permissions/", allowed) == 204
        assert await there.ben_tries("PUT", "/Devices/A1/", {"settings": {"description": "changed"}}) == 403
    # After a change to another role and back, a grantor has to restore the rights.
    assert await there.ben_tries("PUT", mine, {"roleName": VIEWERS.name}) == 204
    assert await there.ben_tries("PUT", mine, {"roleName": ADMINISTRATORS.name}) == 403


@pytest.mark.parametrize("leaves_for", [None, ADMINISTRATORS.name, GENERAL_MANAGERS.name])
async def test_leaving_a_role_does_not_remove_its_denials(
    there: Network, admin: AsyncClient, leaves_for: str | None
) -> None:
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    await admin.put(f"/Users/{there.ben_id}/", json={"roleName": "Rho"})
    everything = [Rule(root, "User", there.ben_id) for root in (DEVICE, GROUP)]
    from_users = [Rule(one, "User", there.ben_id) for one in (USER, ROLE)]
    denied = Rule(UPDATE_DEVICE, "Role", role_id, there.denied_device, is_allowed=False)
    await put(there.services.store, there.id, [*everything, *from_users, denied])
    change = {"settings": {"description": "changed"}}
    assert await there.ben_tries("PUT", "/Devices/A2/", change) == 204
    assert await there.ben_tries("PUT", "/Devices/A1/", change) == 403
    assert await there.ben_tries("PUT", f"/Users/{there.ben_id}/", {"roleName": leaves_for}) == 403
    assert await there.ben_tries("DELETE", "/Roles/Rho/") in (400, 403)
    assert await there.ben_tries("PUT", "/Devices/A1/", change) == 403
    await put(there.services.store, there.id, [*everything, *from_users])
    left = await there.ben_tries("PUT", f"/Users/{there.ben_id}/", {"roleName": leaves_for})
    assert left == (204 if leaves_for is None else 403)


async def test_a_change_of_role_cannot_grant_what_the_caller_lacks(there: Network, admin: AsyncClient) -> None:
    """Uma's own permission is outweighed by her role's denial until she leaves the role."""
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    await admin.put(f"/Users/{there.uma_id}/", json={"roleName": "Rho"})
    rules = [
        Rule(DEVICE, "User", there.uma_id),
        Rule(UPDATE_DEVICE, "Role", role_id, is_allowed=False),
        Rule(UPDATE_DEVICE, "User", there.ben_id, there.denied_device, is_allowed=False),
    ]
    await put(there.services.store, there.id, rules)
    assert await there.ben_tries("PUT", f"/Users/{there.uma_id}/", {"roleName": None}) == 403
    of_role = permission(UPDATE_DEVICE, "Role", role_id, allowed=False)
    assert await there.ben_tries("DELETE", f"/Roles/{role_id}/Permissions/", of_role) == 403
    assert (await admin.put(f"/Users/{there.uma_id}/", json={"roleName": None})).status_code == 204


async def test_a_device_cannot_be_recreated_without_its_denials(there: Network, admin: AsyncClient) -> None:
    await there.deny(UPDATE_DEVICE)
    assert await there.ben_tries("DELETE", "/Devices/A1/") == 403
    assert (await there.ben.delete("/Devices/", params={"filter": "[Serial] IS IN ('A1', 'A2')"})).json() == 1
    assert (await admin.get("/Devices/Count/")).json() == 1
    await there.deny(UPDATE_DEVICE, to_role=VIEWERS.id)  # Ben can remove this denial
    assert await there.ben_tries("DELETE", "/Devices/A1/") == 204


async def test_a_group_cannot_be_recreated_without_its_denials(there: Network, admin: AsyncClient) -> None:
    group_id = (await admin.post("/Groups/Regular/", json={"name": "Gamma"})).json()["id"]
    await put(there.services.store, there.id, [Rule(UPDATE_GROUP, "User", there.ben_id, group_id, is_allowed=False)])
    assert await there.ben_tries("DELETE", "/Groups/Regular/Gamma/") == 403
    await put(there.services.store, there.id, [Rule(DELETE_GROUP, "Role", VIEWERS.id, group_id, is_allowed=False)])
    assert await there.ben_tries("DELETE", "/Groups/Regular/Gamma/") == 204


async def test_a_recreated_user_cannot_have_more_than_the_inviter(there: Network) -> None:
    await there.deny(DEVICE)
    assert await there.ben_tries("DELETE", f"/Users/{there.uma_id}/") == 204
    assert await there.ben_tries("POST", "/Users/", new_user(UMA, VIEWERS.name)) == 403
    assert await there.ben_tries("POST", "/Users/", new_user(UMA, None)) == 201


async def test_an_application_shares_the_denials_of_its_owner(there: Network, call_as: CallAs) -> None:
    await there.deny(DEVICE)
    made = (await there.ben.post("/Self/Applications/", json={"name": "Program"})).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["clientId"],
        "client_secret": made["clientSecret"],
    }
    token = await call_as().post("http://signfleet.test/realms/bsncloud/protocol/openid-connect/token", data=form)
    program = call_as(token.json()["access_token"])
    assert (await program.put("/Self/Session/Network/", json={"id": there.id})).status_code == 204
    assert (await program.get("/Devices/A1/")).status_code == 404
    assert (await program.post("/Users/", json=new_user("x@example.com", ADMINISTRATORS.name))).status_code == 403


async def test_unlocking_a_user_needs_the_rights_of_that_user(there: Network, admin: AsyncClient) -> None:
    assert (await admin.put(f"/Users/{there.uma_id}/", json={"isLockedOut": True})).status_code == 204
    await there.deny(VIEW_DEVICE)
    uma = f"/Users/{there.uma_id}/"
    assert await there.ben_tries("PUT", uma, {"isLockedOut": False}) == 403
    assert await there.ben_tries("PUT", uma, {"isLockedOut": False, "roleName": None}) == 204
    assert await there.ben_tries("PUT", uma, {"isLockedOut": True}) == 204
    assert await there.ben_tries("PUT", uma, {"isLockedOut": False}) == 204


async def test_a_check_of_too_many_single_entities_is_refused(
    there: Network, admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ben and the role that he gives are denied the same two devices, one by one; more than the limit are refused."""
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    things = (there.denied_device, there.other_device)
    rules = [
        Rule(UPDATE_DEVICE, kind, id_, thing, is_allowed=False)
        for kind, id_ in (("User", there.ben_id), ("Role", role_id))
        for thing in things
    ]
    await put(there.services.store, there.id, [Rule(UPDATE_DEVICE, "Role", role_id), *rules])
    uma = f"/Users/{there.uma_id}/"
    for limit, status in ((2, 204), (1, 403)):
        monkeypatch.setattr("signfleet.identity.access.visibility.CANDIDATES_LIMIT", limit)
        monkeypatch.setattr("signfleet.identity.access.grantor.CANDIDATES_LIMIT", limit)
        escalation.cache_clear()
        assert (await admin.put(uma, json={"roleName": None})).status_code == 204
        assert await there.ben_tries("PUT", uma, {"roleName": "Rho"}) == status
    escalation.cache_clear()


async def test_assigning_the_callers_own_role_checks_no_single_entities(
    there: Network, admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.identity.access.visibility.CANDIDATES_LIMIT", 0)
    monkeypatch.setattr("signfleet.identity.access.grantor.CANDIDATES_LIMIT", 0)
    escalation.cache_clear()
    role_id = (await admin.post("/Roles/", json={"name": "Rho"})).json()["id"]
    await admin.put(f"/Users/{there.ben_id}/", json={"roleName": "Rho"})
    of_role = [
        *(Rule(root, "Role", role_id) for root in (USER, ROLE)),
        *(Rule(UPDATE_DEVICE, "Role", role_id, thing) for thing in (there.denied_device, there.other_device)),
    ]
    await put(there.services.store, there.id, of_role)
    uma = f"/Users/{there.uma_id}/"
    assert (await admin.put(uma, json={"roleName": None})).status_code == 204
    assert await there.ben_tries("PUT", uma, {"roleName": "Rho"}) == 204
    assert (await admin.put(uma, json={"roleName": None})).status_code == 204
    denied = Rule(UPDATE_DEVICE, "User", there.ben_id, there.denied_device, is_allowed=False)
    await put(there.services.store, there.id, [*of_role, denied])
    assert await there.ben_tries("PUT", uma, {"roleName": "Rho"}) == 403
    escalation.cache_clear()
