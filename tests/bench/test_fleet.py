"""The fleet of the benchmarks has ordinary devices."""

from __future__ import annotations

import msgspec
from sqlalchemy import column, select, text

from bench.fleet import multiply
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.service import MaintainedCounts
from signfleet.fleet.devices.store import DOCUMENT
from signfleet.foundation.expressions.listing import Listing
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

PARTS = {
    "sqlite": Query(text("SELECT name, sql FROM sqlite_master ORDER BY name").columns(column("name"), column("sql"))),
    "postgresql": Query(
        text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " UNION SELECT tgname, tgenabled::text FROM pg_trigger ORDER BY 1"
        ).columns(column("name"), column("sql"))
    ),
}


async def test_a_fleet_has_as_many_devices_as_requested(store: Store, database: str) -> None:
    await register(store, NETWORK, ["A1", "B2"])
    await multiply(store, database, NETWORK, 30)
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
    assert await MaintainedCounts(store).missing() == []


async def test_the_store_goes_on_with_indexes_and_triggers(store: Store, database: str) -> None:
    await register(store, NETWORK, ["A1"])
    before = await store.all(PARTS[store.dialect])
    await multiply(store, database, NETWORK, 30)
    assert await store.all(PARTS[store.dialect]) == before
    [new] = await register(store, NETWORK, ["NEW1"])
    for serial, count in (("NEW1", 1), ("C000000", 29)):
        listing = Listing(DEVICES)
        found = await listing.ids(store, NETWORK, filter=DEVICES.filter(f"[Serial] CONTAINS '{serial}'"))
        assert len(found) == count
    assert new > 30
