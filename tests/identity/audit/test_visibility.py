"""The audit trail shows what its reader sees, without hidden entities, their changes and hidden users."""

from __future__ import annotations

import random
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import (
    DELETE_DEVICE,
    DEVICE,
    NETWORK,
    VIEW_AUDIT,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_USER,
)
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import Rule, grant, put

AUDIT = f"{ROOT}/admin/v1/audit"
BEN = "ben@example.com"


async def everything(reader: AsyncClient, **query: str) -> str:
    """Returns the trail as a reader gets it, in every format."""
    page = await reader.get(f"{AUDIT}/", params={"pageSize": "100", **query})
    exports = [(await reader.get(f"{AUDIT}/export.{form}", params=query)).text for form in ("csv", "jsonl")]
    assert page.status_code == 200, page.text
    found = page.json()
    assert found["matchingItemCount"] == len(found["items"]) == len(exports[1].splitlines())
    assert len(exports[0].splitlines()) == 1 + len(found["items"])
    return "\n".join([page.text, *exports])


@pytest.fixture
async def ben(call_as: CallAs, sign_in: SignIn) -> AsyncClient:
    return call_as(await sign_in(BEN))


async def user_id(admin: AsyncClient, login: str) -> int:
    return int((await admin.get(f"/Users/{login}/")).json()["id"])


async def change(admin: AsyncClient, serial: str) -> None:
    await admin.put(f"/Devices/{serial}/", json={"settings": {"description": f"about {serial}"}})
    await admin.put(f"/Devices/{serial}/Notes/", json={"note": f"on {serial}"})
    await admin.post(f"/Devices/{serial}/Tags/", json={"string::[Device].<Site>": f"at {serial}"})


async def test_the_trail_omits_a_hidden_device(
    admin: AsyncClient, ben: AsyncClient, services: Services, network: Tenant
) -> None:
    ids = await register(services.store, network.network_id, ["HIDDEN1", "SEEN1"])
    for serial in ("HIDDEN1", "SEEN1"):
        await change(admin, serial)
    before = await everything(ben)
    assert "HIDDEN1" in before
    denied = {"entity_id": ids[0], "user_id": await user_id(admin, BEN), "allowed": False}
    await grant(services.store, network.network_id, VIEW_DEVICE, **denied)
    for gone in (False, True):
        if gone:
            assert (await admin.delete("/Devices/HIDDEN1/")).status_code == 204
        shown = await everything(ben)
        assert "HIDDEN1" not in shown
        assert "SEEN1" in shown
        for filter_ in ("[Name] IS 'HIDDEN1'", f"[Entity] IS 'Device' AND [EntityId] IS {ids[0]}"):
            page = (await ben.get(f"{AUDIT}/", params={"filter": filter_})).json()
            assert (page["items"], page["matchingItemCount"], page["nextMarker"]) == ([], 0, None)
        assert "HIDDEN1" in await everything(admin)
        walked, marker = "", None
        while True:
            query = {"pageSize": "1", "sort": "[Name] ASC", **({"marker": marker} if marker else {})}
            page = (await ben.get(f"{AUDIT}/", params=query)).json()
            walked += str(page)
            marker = page["nextMarker"]
            if marker is None:
                break
        assert "HIDDEN1" not in walked


async def test_a_reader_of_some_devices_sees_only_their_changes(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    ids = await register(services.store, network.network_id, ["HIDDEN1", "SEEN1"])
    for serial in ("HIDDEN1", "SEEN1"):
        await change(admin, serial)
    reader = call_as(await sign_in("rita@example.com", role=None))
    whose = "User", await user_id(admin, "rita@example.com")
    await put(
        services.store,
        network.network_id,
        [Rule(VIEW_AUDIT, *whose), Rule(VIEW_USER, *whose), Rule(VIEW_DEVICE, *whose, ids[1])],
    )
    shown = await everything(reader)
    assert "SEEN1" in shown
    assert "HIDDEN1" not in shown


async def test_the_trail_omits_hidden_users_and_their_changes(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    await change(admin, "A1")
    await admin.put(f"/Users/{network.user_id}/", json={"description": "changed"})
    reader = call_as(await sign_in("rita@example.com", role=None))
    whose = "User", await user_id(admin, "rita@example.com")
    seeing = [Rule(one, *whose) for one in (NETWORK, DEVICE, VIEW_GROUP)]
    await put(services.store, network.network_id, seeing)
    shown = await everything(reader)
    assert network.login.lower() not in shown.lower()
    for filter_ in (f"[Actor] IS '{network.login}'", f"[Name] IS '{network.login}'"):
        page = (await reader.get(f"{AUDIT}/", params={"filter": filter_})).json()
        assert (page["items"], page["matchingItemCount"]) == ([], 0)
    await reader.put("/Devices/A1/", json={"settings": {"description": "mine"}})
    assert "rita@example.com" in await everything(reader)
    await put(services.store, network.network_id, [*seeing, Rule(VIEW_USER, *whose, network.user_id)])
    assert network.login in await everything(reader)


async def test_the_trail_shows_the_devices_that_the_rules_show(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    serials = [f"D{number}" for number in range(6)]
    ids = await register(services.store, network.network_id, serials)
    for serial in serials:
        await admin.put(f"/Devices/{serial}/", json={"settings": {"description": "changed"}})
    for role in (ADMINISTRATORS, VIEWERS, None):
        login = f"reader{role.id if role else 0}@example.com"
        reader = call_as(await sign_in(login, role=role))
        whose = await user_id(admin, login)
        for seed in range(15):
            chance = random.Random(seed)
            rules = {
                (operation, on): Rule(operation, "User", whose, on, chance.random() < 0.5)
                for operation, on in (
                    (chance.choice((DEVICE, VIEW_DEVICE, DELETE_DEVICE)), chance.choice([0, *ids])) for _ in range(5)
                )
            }
            await put(
                services.store,
                network.network_id,
                [Rule(VIEW_AUDIT, "User", whose), Rule(VIEW_USER, "User", whose), *rules.values()],
            )
            listed = await reader.get("/Devices/")
            seen = {item["serial"] for item in listed.json()["items"]} if listed.status_code == 200 else set()
            page = (await reader.get(f"{AUDIT}/", params={"filter": "[Entity] IS 'Device'", "pageSize": "100"})).json()
            listed: Any = {item["name"] for item in page["items"]}
            assert listed == seen, f"{login}, seed {seed}"
