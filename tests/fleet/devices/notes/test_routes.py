"""GET and PUT of /Devices/{device}/Notes/, GET of /Devices/All/Notes/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant


@pytest.fixture(autouse=True)
async def devices(services: Services, network: Tenant) -> list[int]:
    return await register(services.store, network.network_id, ["A", "B", "C"])


async def write(admin: AsyncClient, device: str, note: str | None) -> int:
    return (await admin.put(f"/Devices/{device}/Notes/", json={"note": note})).status_code


async def serials(client: AsyncClient, **query: str) -> tuple[list[str], int, int]:
    page = (await client.get("/Devices/All/Notes/", params=query)).json()
    return [item["device"]["serial"] for item in page["items"]], page["matchingItemCount"], page["totalItemCount"]


async def test_a_note_is_stored_with_its_author(admin: AsyncClient, devices: list[int], network: Tenant) -> None:
    empty: Any = {"device": {"id": devices[0], "serial": "A"}, "note": "", "author": None, "lastModifiedDate": None}
    assert (await admin.get("/Devices/A/Notes/")).json() == empty
    before = (await admin.get("/Devices/A/")).content
    assert await write(admin, "a", "Ladder is in room 7.\nAsk for Ann.") == 204
    assert await write(admin, str(devices[0]), "Ladder is in room 8.") == 204
    note = (await admin.get("/Devices/A/Notes/")).json()
    assert note.pop("lastModifiedDate").endswith("Z")
    assert note == {"device": empty["device"], "note": "Ladder is in room 8.", "author": network.login}
    assert (await admin.get("/Devices/A/")).content == before
    assert await write(admin, "A", "") == 204
    assert (await admin.get("/Devices/A/Notes/")).json() == empty


async def test_the_notes_of_all_devices_are_paged(admin: AsyncClient) -> None:
    assert await serials(admin) == ([], 0, 0)
    for serial in ("C", "A"):
        assert await write(admin, serial, f"This is {serial}.") == 204
    assert await serials(admin) == (["A", "C"], 2, 2)
    assert await serials(admin, filter="[Serial] IS NOT 'A'") == (["C"], 1, 2)
    page = (await admin.get("/Devices/All/Notes/", params={"pageSize": "1", "sort": "[Serial] DESC"})).json()
    assert (page["items"][0]["note"], page["isTruncated"]) == ("This is C.", True)
    rest = {"pageSize": "1", "sort": "[Serial] DESC", "marker": page["nextMarker"]}
    assert (await serials(admin, **rest))[0] == ["A"]


async def test_notes_of_hidden_devices_are_hidden(
    admin: AsyncClient, devices: list[int], services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    for serial in ("A", "B"):
        await write(admin, serial, "x")
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    await grant(
        services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=devices[0], role_id=VIEWERS.id
    )
    assert await serials(viewer) == (["B"], 1, 1)
    assert (await viewer.get("/Devices/A/Notes/")).status_code == 404
    assert await write(viewer, "B", "y") == 403


async def test_a_note_that_is_none_is_refused(admin: AsyncClient) -> None:
    for body in ({}, {"note": 7}, {"note": "x" * 4097}, []):
        assert (await admin.put("/Devices/A/Notes/", json=body)).status_code == 400
    assert await write(admin, "nobody", "x") == 404
