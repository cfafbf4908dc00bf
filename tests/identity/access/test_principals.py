"""A permission names one principal; the only administrator can deny themself what they can undo."""

from __future__ import annotations

from typing import Any

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import DEVICE, VIEW_DEVICE, VIEW_SCREENSHOTS
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register


def denial(operation: Operation, kind: str, id_: int, **name: Any) -> list[dict[str, Any]]:
    return [{"operationUID": operation.uid, "principal": {"type": kind, "id": id_, **name}, "isAllowed": False}]


async def test_a_principal_whose_name_and_id_disagree_is_refused(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    path = "/Devices/A1/Permissions/"
    for method in ("POST", "DELETE"):
        wrong = await admin.request(method, path, json=denial(VIEW_DEVICE, "Role", VIEWERS.id, name="Creators"))
        right = await admin.request(method, path, json=denial(VIEW_DEVICE, "Role", VIEWERS.id, name="viewers"))
        assert (wrong.status_code, right.status_code) == (400, 204)
        assert "principal" in wrong.json()["message"]
        login = {"login": "somebody@example.com"}
        mine = denial(VIEW_SCREENSHOTS, "User", network.user_id, **login)
        assert (await admin.request("POST", path, json=mine)).status_code == 400


async def test_the_only_administrator_can_undo_a_denial(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    path = "/Devices/A1/Permissions/"
    for operation in (DEVICE, VIEW_DEVICE):
        assert (await admin.post(path, json=denial(operation, "User", network.user_id))).status_code == 400
    denied = denial(VIEW_SCREENSHOTS, "User", network.user_id, login=network.login)
    assert (await admin.post(path, json=denied)).status_code == 204
    assert (await admin.put(f"/Users/{network.user_id}/", json={"isLockedOut": True})).status_code == 400
    assert (await admin.request("DELETE", path, json=denied)).status_code == 204
    assert (await admin.get(path)).json() == []


async def test_a_self_denial_does_not_prevent_deleting_the_device(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1", "A2"])
    for serial in ("A1", "A2"):
        denied = denial(VIEW_SCREENSHOTS, "User", network.user_id)
        assert (await admin.post(f"/Devices/{serial}/Permissions/", json=denied)).status_code == 204
    assert (await admin.delete("/Devices/A1/")).status_code == 204
    assert (await admin.delete("/Devices/", params={"filter": "[Serial] IS 'A2'"})).json() == 1


async def test_a_self_denial_that_another_repeats_cannot_be_undone(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    ben = call_as(await sign_in("ben@example.com"))
    me = (await admin.get("/Users/ben@example.com/")).json()["id"]
    path, denied = "/Devices/A1/Permissions/", denial(VIEW_SCREENSHOTS, "User", me)
    assert (await ben.post(path, json=denied)).status_code == 204
    assert (await ben.request("DELETE", path, json=denied)).status_code == 204
    assert (await ben.post(path, json=denied)).status_code == 204
    assert [(await client.post(path, json=denied)).status_code for client in (ben, admin, admin)] == [400, 204, 400]
    assert [item["principal"]["id"] for item in (await admin.get(path)).json()] == [me]
    assert (await ben.request("DELETE", path, json=denied)).status_code == 403
    assert (await ben.delete("/Devices/A1/")).status_code == 403
    assert (await ben.delete("/Devices/", params={"filter": "[Serial] IS 'A1'"})).json() == 0
    assert (await admin.request("DELETE", path, json=denied)).status_code == 204
