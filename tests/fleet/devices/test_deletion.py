"""What goes with deleted devices, and what stays."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_metrics_hour, metadata, permission
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT
from tests.fleet.devices.stored import example, register, store_downloads, store_errors, store_screenshots

#: Everything that belongs to a device; audit trail, events, alerts, jobs and the block of its serial outlive it, and a
#: sweep deletes the files of its commands.
OUTLIVE = {"alert", "audit", "blocked_serial", "command_file", "event", "job_change", "job_failure", "notice"}
TABLES = [table for table in metadata.tables.values() if "device_id" in table.columns and table.name not in OUTLIVE]
PERMISSION = example("001-40-get-devices-id-int-permissions-answer")[0] | {
    "principal": {"type": "Role", "id": VIEWERS.id}
}
SCREENSHOT = example("001-25-get-devices-deviceid-int-screenshots-answer")["items"][0]
ERRORS = example("001-21-get-devices-id-int-errors-answer")["items"]
DOWNLOADS = example("001-23-get-devices-id-int-downloads-answer")["items"]

#: How many rows of each table belong to a device.
Rows = Callable[[int], Awaitable[dict[str, int]]]


@pytest.fixture
def rows(services: Services) -> Rows:
    async def count(device_id: int) -> dict[str, int]:
        found = {}
        for table in TABLES:
            query = Query(select(func.count().label("total")).where(table.c.device_id == device_id))
            found[table.name] = (await services.store.all(query))[0].total
        query = Query(select(func.count().label("total")).where(permission.c.entity_id == device_id))
        found["permission"] = (await services.store.all(query))[0].total
        return {name: total for name, total in found.items() if total}

    return count


@pytest.fixture
async def devices(
    services: Services, network: Tenant, admin: AsyncClient, client: AsyncClient, setup_token: str
) -> list[int]:
    """Two devices with everything that a device can have."""
    ids = []
    for number in (1, 2):
        body = {"serial": f"A{number}", "model": "HD1024", "firmware": "9"}
        headers = {"Authorization": f"Bearer {setup_token}"}
        joined = (await client.post(f"{ROOT}/player/v1/register", json=body, headers=headers)).raise_for_status().json()
        headers = {"Authorization": f"Bearer {joined['access_token']}"}
        report = {"sequence": 1, "can": ["identify"], "metrics": {"cpu": 0.5}}
        (await client.post(f"{ROOT}/player/v1/report", json=report, headers=headers)).raise_for_status()
        id_ = (await admin.get(f"/Devices/A{number}/")).json()["id"]
        tags = {"stringArray::[Device].<Colors>": ["red", "blue"], "string::[Device].<City>": "Odesa"}
        for path, content in (("Tags", tags), ("Permissions", [PERMISSION])):
            (await admin.post(f"/Devices/{id_}/{path}/", json=content)).raise_for_status()
        (await admin.put(f"/Devices/{id_}/Notes/", json={"note": "x"})).raise_for_status()
        await store_errors(services.store, network.network_id, id_, ERRORS)
        await store_downloads(services.store, network.network_id, id_, DOWNLOADS)
        picture = SCREENSHOT | {"id": number, "device": {"id": id_, "serial": f"A{number}"}}
        await store_screenshots(services.store, network.network_id, [picture])
        await services.command_line.send(network.network_id, [id_], "identify", {}, clock.now())
        hour = {"network_id": network.network_id, "device_id": id_, "step": 1, "hour": 0, "slots": "{}"}
        ended = Query(device_metrics_hour.insert().values(hour))
        await services.store.write(lambda tx, ended=ended: tx.execute(ended))
        ids.append(id_)
    return ids


@pytest.mark.contract("DELETE /Devices/{device}/", "DELETE /Devices/")
@pytest.mark.parametrize("path", ["/Devices/A1/", "/Devices/?filter=[Serial] IS 'a1'"])
async def test_a_deletion_removes_all_data_of_the_device_and_no_other(
    path: str, devices: list[int], rows: Rows, admin: AsyncClient
) -> None:
    gone, others = devices
    before = await rows(others)
    assert await rows(gone) == before
    assert before.keys() == {table.name for table in TABLES} | {"permission"}
    assert (await admin.delete(path)).is_success
    assert (await rows(gone), await rows(others)) == ({}, before)
    assert [item["device"]["serial"] for item in (await admin.get("/Devices/ScreenShots/")).json()["items"]] == ["A2"]
    assert (await admin.get("/Subscriptions/Count/")).json() == 1


@pytest.mark.contract("DELETE /Devices/")
async def test_many_go_at_once(admin: AsyncClient, services: Services, network: Tenant) -> None:
    serials = [f"B{number:04}" for number in range(1200)]
    await register(services.store, network.network_id, serials)
    assert (await admin.delete("/Devices/?filter=[Serial] IS NOT 'B0007'")).json() == 1199
    assert [item["serial"] for item in (await admin.get("/Devices/")).json()["items"]] == ["B0007"]
    trail = (
        await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Action] IS 'Delete'", "pageSize": 1})
    ).json()
    assert (trail["matchingItemCount"], trail["items"][0]["name"]) == (1199, "B1199")


@pytest.mark.contract("DELETE /Devices/")
async def test_one_of_several_concurrent_deletions_counts(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, [f"C{number}" for number in range(9)])
    those = "/Devices/?filter=[Serial] IS IN ('C1','C2','C3','C4')"
    answers = await asyncio.gather(*(admin.delete(those) for _ in range(5)), admin.delete("/Devices/C1/"))
    *counts, alone = answers
    assert sum(answer.json() for answer in counts) + (alone.status_code == 204) == 4
    page = (await admin.get("/Devices/")).json()
    assert len(page["items"]) == page["totalItemCount"] == (await admin.get("/Devices/Count/")).json() == 5
    trail = (await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Action] IS 'Delete'"})).json()
    assert sorted(entry["name"] for entry in trail["items"]) == ["C1", "C2", "C3", "C4"]


@pytest.mark.contract("DELETE /Devices/")
async def test_a_device_that_stops_matching_meanwhile_stays(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    serials = [f"D{number}" for number in range(12)]
    await register(services.store, network.network_id, serials)

    async def describe(serial: str) -> bool:
        return (await admin.put(f"/Devices/{serial}/", json={"settings": {"description": "keep"}})).status_code == 204

    changed, _ = await asyncio.gather(
        asyncio.gather(*map(describe, serials)), admin.delete("/Devices/?filter=[Settings].[Description] IS NOT 'keep'")
    )
    left = {item["serial"] for item in (await admin.get("/Devices/")).json()["items"]}
    assert left == {serial for serial, was_changed in zip(serials, changed, strict=True) if was_changed}


@pytest.mark.contract("DELETE /Devices/")
@ON_SQLITE
async def test_a_deletion_that_matches_nothing_does_not_wait_for_the_writer(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["E1"])
    occupied, ended = threading.Event(), threading.Event()

    async def work(_tx: Transaction) -> None:
        occupied.set()
        ended.wait(60)

    writing = asyncio.ensure_future(services.store.write(work))
    try:
        await asyncio.to_thread(occupied.wait)
        async with asyncio.timeout(30):
            answer = await admin.delete("/Devices/?filter=[Settings].[Description] IS 'nothing like this'")
        assert (answer.status_code, answer.json()) == (200, 0)
        assert not writing.done()
    finally:
        ended.set()
        await writing
