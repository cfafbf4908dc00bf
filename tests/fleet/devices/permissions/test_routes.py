"""GET, POST and DELETE of /Devices/{device}/Permissions/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import person, role, user
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_SUBSCRIPTION
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.identity.access.permission_store import PERMISSIONS_OF_ENTITY
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, store_player

ANSWER = example("001-40-get-devices-id-int-permissions-answer")
DATES = {"creation_date": 0, "last_modified_date": 0}


@pytest.fixture(autouse=True)
async def network_of_the_example(services: Services, network: Tenant) -> None:
    """The example's device, user and role."""

    async def work(tx: Transaction) -> None:
        principal = ANSWER[0]["principal"]
        login = {"login": principal["login"], "login_key": principal["login"].lower()}
        login["mailbox_key"] = login["login_key"]
        await tx.execute(Query(person.insert().values(id=54321, **login, **DATES, is_locked_out=False)))
        key = {"network_id": network.network_id, "id": 54321}
        await tx.execute(Query(user.insert().values(**key, person_id=54321, **DATES, is_locked_out=False)))
        named = {"name": "Custom", "name_key": "custom", "name_order": "custom", "is_custom": True}
        await tx.execute(Query(role.insert().values(**key, **named, **DATES)))

    await services.store.write(work)
    player = example("001-05-get-devices-id-int-answer")
    await store_player(services.store, network.network_id, player | {"permissions": []})


async def permissions(client: AsyncClient, device: str = "12345") -> Any:
    answer = await client.get(f"/Devices/{device}/Permissions/")
    assert answer.status_code == 200, answer.text
    return answer.json()


def undated(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entity | {"creationDate": None} for entity in entities]


@pytest.mark.contract(
    "GET /Devices/{device}/Permissions/", "POST /Devices/{device}/Permissions/", "DELETE /Devices/{device}/Permissions/"
)
@pytest.mark.parametrize(
    ("adding", "deleting"),
    [("41-post-devices-id-int", "42-delete-devices-id-int"), ("44-post-devices-serial", "45-delete-devices-serial")],
)
async def test_the_examples_add_and_delete(adding: str, deleting: str, admin: AsyncClient) -> None:
    assert await permissions(admin) == []
    before = (await admin.get("/Devices/12345/")).headers
    for body in (ANSWER[1:], example(f"001-{adding}-permissions-request")):
        assert (await admin.post("/Devices/46c89c101839/Permissions/", json=body)).status_code == 204
    for device in ("12345", "46C89C101839"):
        found = await permissions(admin, device)
        assert undated(found) == undated(ANSWER)
        assert [list(entity) for entity in found] == [list(entity) for entity in ANSWER]
    document = await admin.get("/Devices/12345/")
    assert document.json()["permissions"] == found
    assert document.headers["etag"] != before["etag"]
    body = example(f"001-{deleting}-permissions-request")
    for _ in range(2):
        assert (await admin.request("DELETE", "/Devices/12345/Permissions/", json=body)).status_code == 204
        assert await permissions(admin) == found[1:]


@pytest.mark.contract("POST /Devices/{device}/Permissions/")
async def test_a_bad_permission_refuses_them_all(admin: AsyncClient) -> None:
    await admin.post("/Devices/12345/Permissions/", json=ANSWER[1:])
    before = (await admin.get("/Devices/12345/")).content
    good = ANSWER[0]
    for bad, message in (
        (ANSWER[1], "already"),
        (good | {"operationUID": VIEW_SUBSCRIPTION.uid}, "operationUID"),
        (good | {"operationUID": "nothing"}, "operationUID"),
        (good | {"principal": {"type": "User", "id": 7}}, "principal"),
        (good | {"principal": {"type": "Role", "id": 54322}}, "principal"),
        (good | {"principal": {"type": "Role", "id": ADMINISTRATORS.id}}, "fixed"),
        (good | {"principal": {"type": "Group", "id": 1}}, "principal.type"),
        (good | {"isAllowed": "yes"}, "isAllowed"),
        ({"operationUID": UPDATE_DEVICE.uid}, "principal"),
    ):
        answer = await admin.post("/Devices/12345/Permissions/", json=[good, bad])
        assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text
    assert (await admin.get("/Devices/12345/")).content == before


@pytest.mark.contract("POST /Devices/{device}/Permissions/")
async def test_a_granted_permission_applies_at_once(admin: AsyncClient, sign_in: SignIn, call_as: CallAs) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    change = {"settings": {"description": "changed"}}
    assert (await viewer.put("/Devices/12345/", json=change)).status_code == 403
    granted = [ANSWER[1] | {"operationUID": UPDATE_DEVICE.uid, "principal": {"type": "Role", "id": VIEWERS.id}}]
    assert (await viewer.post("/Devices/12345/Permissions/", json=granted)).status_code == 403
    await admin.post("/Devices/12345/Permissions/", json=granted)
    assert (await viewer.put("/Devices/12345/", json=change)).status_code == 204
    await admin.request("DELETE", "/Devices/12345/Permissions/", json=granted)
    assert (await viewer.put("/Devices/12345/", json=change)).status_code == 403


@pytest.mark.contract("DELETE /Devices/{device}/")
async def test_permissions_go_with_their_device(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await admin.post("/Devices/12345/Permissions/", json=ANSWER)
    await admin.delete("/Devices/12345/")
    found = await services.store.all(
        PERMISSIONS_OF_ENTITY, network_id=network.network_id, entity="Device", entity_id=12345
    )
    assert found == []
