"""Makes a large fleet to measure: devices like those of a network, with other names, models, health and dates.

Nothing correlates: a name does not give the model away, and each device becomes due for health at its own time. Groups
and places are those of the originals. Each device has a subscription without end, as after its registration.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Table, bindparam, column, text

from signfleet.fleet.devices.counts.service import MaintainedCounts
from signfleet.fleet.devices.document import identity, reported_part, status_json
from signfleet.fleet.devices.store import (
    INSERT_DEVICE,
    INSERT_DOCUMENT,
    INSERT_PROPERTIES,
    INSERT_STATUS,
    SET_DESCRIPTION,
)
from signfleet.fleet.subscriptions import lifecycle
from signfleet.fleet.subscriptions.catalogue import OWNER
from signfleet.fleet.subscriptions.records import ENTITY, Record, as_entity, columns
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.fleet.subscriptions.store import INSERT as INSERT_SUBSCRIPTION
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_document, device_properties, device_status
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

#: Devices in one transaction.
BATCH = 5000
#: From so many new devices on, indexes are dropped and made again at the end: each batch would write all their pages.
MANY = 20_000

TABLES = (device, device_document, device_status, device_properties)
INSERTS = (INSERT_DEVICE, INSERT_DOCUMENT, INSERT_STATUS, INSERT_PROPERTIES, SET_DESCRIPTION, INSERT_SUBSCRIPTION)
MODELS = ("HD1024", "XD1034", "LS424", "HD224", "XT1144", "XC4055", "LS445", "HD1025", "XT2145", "AU335")
WORDS = (
    *("atrium", "bakery", "cafe", "dock", "entrance", "foyer", "gallery", "hall", "island", "kiosk", "lobby"),
    *(
        "north",
        "office",
        "platform",
        "quay",
        "reception",
        "south",
        "terrace",
        "upstairs",
        "vestibule",
        "window",
        "yard",
    ),
)
HEALTHS: Final = ("Normal",) * 17 + ("Warning", "Error", "Unknown")
DESCRIPTION, SUBSCRIPTION = "settings.description", "subscription"
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'device' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes"
    " WHERE tablename = 'device' AND schemaname = current_schema() AND indexname LIKE 'ix_%'",
}


async def multiply(store: Store, network_id: int, count: int) -> None:
    """Adds devices until a network, which has some, has `count`."""
    parts = [await _rows(store, table, network_id) for table in TABLES]
    originals = [_Original.of(*rows) for rows in zip(*parts, strict=True)]
    chance = random.Random(count)

    async def add(tx: Transaction, numbers: range) -> None:
        ids = await tx.next_ids("device", len(numbers))
        subscriptions = await tx.next_ids("subscription", len(numbers))
        new = zip(numbers, ids, subscriptions, strict=True)
        copies = [_copy(chance.choice(originals), number, *both, chance) for number, *both in new]
        for insert, rows in zip(INSERTS, zip(*copies, strict=True), strict=True):
            await tx.execute_many(insert, list(rows))
        await counters.add(tx, network_id, "Device", len(numbers))
        await counters.add(tx, network_id, ENTITY, len(numbers))

    indexes = await _drop_indexes(store) if count - len(originals) >= MANY else []
    for first in range(len(originals), count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        await store.write(lambda tx, numbers=numbers: add(tx, numbers))
    for index in indexes:
        await _run(store, index)
    await MaintainedCounts(store).add_up()
    if store.dialect == "postgresql":
        await _run(store, "ANALYZE")


async def _drop_indexes(store: Store) -> list[str]:
    """Drops the indexes of the devices; returns the statements that make them again."""
    found = await store.all(Query(text(INDEXES[store.dialect]).columns(column("name"), column("sql"))))
    for index in found:
        await _run(store, f"DROP INDEX {index.name}")
    return [index.sql for index in found]


async def _run(store: Store, statement: str) -> None:
    await store.write(lambda tx: tx.execute(Query(text(statement))))


async def _rows(store: Store, table: Table, network_id: int) -> list[Row]:
    ours = table.select().where(table.c.network_id == bindparam("network_id"))
    return await store.all(Query(ours.order_by(list(table.primary_key)[-1])), network_id=network_id)


class _Original(NamedTuple):
    """The rows of a device, and the texts of its JSON without what a copy adds."""

    narrow: dict[str, Any]
    document: dict[str, Any]
    status: dict[str, Any]
    settings: str
    properties: str

    @classmethod
    def of(cls, narrow: Row, document: Row, status: Row, properties: Row) -> _Original:
        settings = msgspec.json.decode(document.settings) | {"name": None, "description": None}
        flat = msgspec.json.decode(properties.properties)
        kept = {path: value for path, value in flat.items() if not path.startswith((DESCRIPTION, SUBSCRIPTION))}
        rest = _json(settings), _json(kept)[:-1]
        return cls(narrow._asdict(), document._asdict(), status._asdict(), *rest)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _copy(
    original: _Original, number: int, id_: int, subscription_id: int, chance: random.Random
) -> Iterator[dict[str, Any]]:
    serial, name = f"C{number:011X}", f"{_words(chance, 2).title()} {number}"
    description = f"{_words(chance, 3)} {chance.randrange(1000)}"
    narrow = original.narrow | {"id": id_, "serial": serial, "serial_key": fold(serial), "model": chance.choice(MODELS)}
    narrow |= {"name_key": fold(name), "name_order": order_key(name), "model_key": fold(narrow["model"])}
    document, status = original.document | {"device_id": id_}, original.status | {"device_id": id_}
    if (date := status["status_date"]) is not None:
        narrow["health"] = chance.choice(HEALTHS)
        status["health_due_date"] = date + 3_600_000 + chance.randrange(86_400_000)
        status["status"] = status_json(reported_part(status["status"]), narrow["health"], date)
    facts = ("serial", "model", "family", "registration_date", "last_modified_date")
    document["identity"] = identity(id_=id_, **{fact: narrow[fact] for fact in facts})
    settings = original.settings.replace('"name":null', f'"name":"{name}"', 1)
    document["settings"] = settings.replace('"description":null', f'"description":"{description}"', 1)
    registered = narrow["registration_date"]
    life = lifecycle.unlimited(registered)
    given = Record(narrow["network_id"], subscription_id, DeviceReference(id=id_, serial=serial), life)
    subscription = as_entity(given, registered)
    document["subscription"] = _json(subscription)
    known = OWNER.flatten({"subscription": msgspec.to_builtins(subscription)})
    flat = f'"{DESCRIPTION}":"{description}","{DESCRIPTION}.order":{_json(order_key(description))},{_json(known)[1:-1]}'
    properties = f"{original.properties}{',' if len(original.properties) > 1 else ''}{flat}}}"
    yield narrow
    yield document
    yield status
    yield {"network_id": narrow["network_id"], "device_id": id_, "properties": properties}
    yield {"in_network": narrow["network_id"], "of_device": id_, "new_description_key": fold(description)}
    row = {"type": life.type, "activity_period": life.activity_period, "creation_date": life.creation_date}
    yield {"network_id": given.network_id, "id": given.id} | row | columns(given, registered)


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))
