"""Makes a large fleet to measure: copies of the devices of a network under other names."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, bindparam

from signfleet.fleet.devices.document import identity
from signfleet.fleet.devices.store import INSERT_DEVICE, INSERT_DOCUMENT, INSERT_PROPERTIES
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_document, device_properties
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

#: Devices in one transaction.
BATCH = 5000

TABLES = (device, device_document, device_properties)
INSERTS = (INSERT_DEVICE, INSERT_DOCUMENT, INSERT_PROPERTIES)


async def multiply(store: Store, network_id: int, count: int) -> None:
    """Copies the devices of a network until there are `count`, each with its own id, serial and name."""
    parts = [await _rows(store, table, network_id) for table in TABLES]
    originals = list(zip(*parts, strict=True))

    async def add(tx: Transaction, numbers: range) -> None:
        ids = await tx.next_ids("device", len(numbers))
        copies = [
            _copy(originals[number % len(originals)], number, id_) for number, id_ in zip(numbers, ids, strict=True)
        ]
        for insert, rows in zip(INSERTS, zip(*copies, strict=True), strict=True):
            await tx.execute_many(insert, list(rows))
        await counters.add(tx, network_id, "Device", len(numbers))

    for first in range(len(originals), count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        await store.write(lambda tx, numbers=numbers: add(tx, numbers))


async def _rows(store: Store, table: Table, network_id: int) -> list[Row]:
    ours = table.select().where(table.c.network_id == bindparam("network_id"))
    return await store.all(Query(ours.order_by(table.primary_key.columns[1])), network_id=network_id)


def _copy(original: tuple[Row, Row, Row], number: int, id_: int) -> tuple[dict[str, Any], ...]:
    narrow, document, properties = (row._asdict() for row in original)
    serial = f"C{number:011X}"
    old_name = msgspec.json.decode(document["settings"])["name"]
    name = f"{old_name} {number}"
    narrow |= {"id": id_, "serial": serial, "serial_key": fold(serial), "name_key": fold(name)}
    narrow["name_order"] = order_key(name)
    document |= {
        "device_id": id_,
        "identity": identity(
            id_=id_,
            serial=serial,
            model=narrow["model"],
            family=narrow["family"],
            registration_date=narrow["registration_date"],
            last_modified_date=narrow["last_modified_date"],
        ),
        "settings": document["settings"].replace(f'"name":"{old_name}"', f'"name":"{name}"', 1),
    }
    properties["device_id"] = id_
    return narrow, document, properties
