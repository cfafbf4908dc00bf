"""The fleet of the benchmarks has ordinary devices."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from bench.fleet import multiply
from signfleet.fleet.devices.store import DOCUMENT
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_document, device_status
from tests.fleet.devices.stored import register

NETWORK = 1
DOCUMENTS = Query(
    select(DOCUMENT.label("document")).join_from(
        device_document, device_status, device_status.c.device_id == device_document.c.device_id
    )
)


async def test_a_fleet_has_as_many_devices_as_requested(store: Store) -> None:
    await register(store, NETWORK, ["A1", "B2"])
    await multiply(store, NETWORK, 30)
    devices = [msgspec.json.decode(row.document) for row in await store.all(DOCUMENTS)]
    for found in (
        {device["id"] for device in devices},
        {device["serial"] for device in devices},
        {device["settings"]["name"] for device in devices},
    ):
        assert len(found) == 30
    total = await store.one(counters.TOTAL, network_id=NETWORK, entity="Device")
    assert total is not None
    assert total.total == 30
