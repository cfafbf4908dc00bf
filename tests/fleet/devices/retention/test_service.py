"""Deletes what is too old in time, and leaves no file that nothing refers to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, select

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.retention import service
from signfleet.fleet.devices.retention.service import Retention, discard_files
from signfleet.foundation.blobs.files import Blobs, open_blobs
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage import counters, postgres
from signfleet.foundation.storage.interface import StorageError, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_document, device_properties, device_status
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from tests.fleet.devices.stored import example, register, store_downloads, store_errors, store_screenshots
from tests.interleaving import PATIENCE

pytestmark = pytest.mark.settings(error_retention_days=7, download_retention_days=2, screenshot_retention_days=3)

ERROR = example("001-21-get-devices-id-int-errors-answer")["items"][0]
DOWNLOAD = example("001-23-get-devices-id-int-downloads-answer")["items"][0]
PICTURE = example("001-25-get-devices-deviceid-int-screenshots-answer")["items"][0]
COUNTS = [
    Query(select(func.count().label("total")).select_from(table))
    for table in (device_document, device_status, device_properties)
]
NOW = datetime.parse("2024-03-20T12:00:00Z") or 0


def days_ago(*ages: int) -> list[str]:
    return [datetime.format(NOW - age * DAY) for age in ages]


async def timestamps(admin: AsyncClient, kind: str) -> list[str]:
    page = (await admin.get(f"/Devices/A1/{kind}/")).json()
    assert page["totalItemCount"] == len(page["items"])
    return [item.get("timestamp") or item["utcTimestamp"] for item in page["items"]]


def files(settings: Settings) -> list[str]:
    return sorted(path.name for path in Path(settings.blobs_place).rglob("*") if path.is_file())


async def take_pictures(services: Services, network: Tenant, device_id: int, stamps: Iterable[str]) -> None:
    """Store pictures with files as if the device had sent them, from the oldest to the newest.

    They are numbered from its id times ten.
    """
    pictures: list[dict[str, Any]] = [
        PICTURE
        | {"id": number, "device": {"id": device_id, "serial": "A1"}, "utcTimestamp": stamp, "localTimestamp": stamp}
        for number, stamp in enumerate(sorted(stamps), 10 * device_id)
    ]
    await store_screenshots(services.store, network.network_id, pictures)
    for picture in pictures:
        for suffix in ("jpg", "thumb.jpg"):
            await services.blobs.put(f"screenshots/{network.network_id}/{picture['id']}.{suffix}", b"content")


async def test_errors_and_downloads_are_deleted_after_their_retention_time(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    [id_] = await register(services.store, network.network_id, ["A1"])
    ages = days_ago(1, 3, 6, 8, 400)
    await store_errors(services.store, network.network_id, id_, [ERROR | {"timestamp": at} for at in ages])
    await store_downloads(services.store, network.network_id, id_, [DOWNLOAD | {"timestamp": at} for at in ages])
    await services.retention.sweep(NOW)
    assert await timestamps(admin, "Errors") == days_ago(1, 3, 6)
    assert await timestamps(admin, "Downloads") == days_ago(1)


async def test_documents_of_deleted_devices_go_with_them(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1", "A2", "A3", "B1"])
    services.retention.wake.clear()
    assert (await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")).json() == 3
    assert services.retention.wake.is_set()
    assert await documents(services) == 1
    assert (await admin.get("/Devices/B1/")).json()["serial"] == "B1"


async def documents(services: Services) -> int:
    """How many there are, each with its properties."""
    counts = [await services.store.one(count) for count in COUNTS]
    [total] = {row.total for row in counts if row}
    return int(total)


async def test_old_pictures_go_with_their_files(
    admin: AsyncClient, services: Services, settings: Settings, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    [id_] = await register(services.store, network.network_id, ["A1"])
    await take_pictures(services, network, id_, days_ago(1, 2, 4, 5, 6))
    await services.retention.sweep(NOW)
    assert await timestamps(admin, "ScreenShots") == days_ago(1, 2)
    first = 10 * id_
    assert files(settings) == sorted(f"{first + n}.{suffix}" for n in (3, 4) for suffix in ("jpg", "thumb.jpg"))


async def test_the_newest_picture_of_a_device_stays_however_old_it_is(
    admin: AsyncClient, services: Services, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    for id_ in await register(services.store, network.network_id, ["A1", "B1", "C1"]):
        await take_pictures(services, network, id_, days_ago(9, 8, 7))
    await services.retention.sweep(NOW)
    assert await timestamps(admin, "ScreenShots") == days_ago(7)
    assert (await admin.get("/Devices/ScreenShots/")).json()["totalItemCount"] == 3


async def test_the_bytes_of_pictures_are_counted_down_when_they_go(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    for id_ in await register(services.store, network.network_id, ["A1", "B1"]):
        await take_pictures(services, network, id_, days_ago(9, 8, 1))
    size = PICTURE["fileSize"]
    keys = {"network_id": network.network_id, "entity": counters.PICTURE_BYTES}
    await services.store.write(lambda tx: counters.add(tx, network.network_id, counters.PICTURE_BYTES, 6 * size))
    await services.retention.sweep(NOW)
    assert (await services.store.one(counters.TOTAL, **keys)).total == 2 * size
    assert (await admin.delete("/Devices/A1/")).status_code == 204
    assert (await services.store.one(counters.TOTAL, **keys)).total == size


async def test_the_files_of_deleted_devices_go(
    admin: AsyncClient, services: Services, settings: Settings, network: Tenant
) -> None:
    for id_ in await register(services.store, network.network_id, ["A1", "A2", "B1", "C1"]):
        await take_pictures(services, network, id_, days_ago(1))
    assert (await admin.delete("/Devices/C1/")).status_code == 204
    assert (await admin.delete("/Devices/", params={"filter": "[Serial] BEGINS WITH 'A'"})).json() == 2
    await services.retention.sweep(NOW)
    assert len(files(settings)) == 2
    assert len((await admin.get("/Devices/B1/ScreenShots/")).json()["items"]) == 1


class Trouble(Blobs):
    """Files that cannot be deleted."""

    async def delete(self, names: Sequence[str]) -> None:
        raise StorageError("the object storage is away")


async def test_files_that_cannot_be_deleted_go_the_next_time(
    services: Services, settings: Settings, network: Tenant
) -> None:
    [id_] = await register(services.store, network.network_id, ["A1"])
    await take_pictures(services, network, id_, days_ago(1, 4))
    troubled = Retention(services.store, Trouble(open_blobs(settings.blobs_place)._store), settings)
    with pytest.raises(StorageError):
        await troubled.sweep(NOW)
    assert len(files(settings)) == 4
    await services.retention.sweep(NOW)
    assert len(files(settings)) == 2


async def test_a_device_may_go_while_its_pictures_are_let_go(
    services: Services, network: Tenant, admin: AsyncClient
) -> None:
    (device_id,) = await register(services.store, network.network_id, ["A1"])
    await take_pictures(services, network, device_id, days_ago(30, 20, 10))
    deleting: list[asyncio.Task[Response]] = []
    attempts: list[int] = []

    async def delete_meanwhile(tx: Transaction, names: list[str]) -> None:
        if services.store.dialect == "postgresql":  # where another transaction can begin before this one ends
            deleting.append(asyncio.create_task(admin.delete("/Devices/A1/")))
            await asyncio.wait(deleting, timeout=PATIENCE)
        await discard_files(tx, names)

    async def pause(attempt: int) -> None:
        attempts.append(attempt)

    with patch.object(service, "discard_files", delete_meanwhile), patch.object(postgres, "_pause", pause):
        await services.retention.sweep(NOW)
        answer = await (deleting[0] if deleting else admin.delete("/Devices/A1/"))
    assert (answer.status_code, attempts) == (204, [])
