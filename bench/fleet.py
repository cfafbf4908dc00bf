"""Makes a large fleet to measure: devices like those of a network, with other names, models, health and dates.

Nothing correlates: a name does not give the model away, and each device becomes due for health at its own time. Groups
and places are those of the originals. Each device has a subscription without end, as after its registration.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Table, bindparam

from bench.bulk import loading
from signfleet.fleet.devices.counts.service import MaintainedCounts
from signfleet.fleet.devices.document import identity, reported_part, status_json
from signfleet.fleet.subscriptions import lifecycle
from signfleet.fleet.subscriptions.catalogue import OWNER
from signfleet.fleet.subscriptions.records import ENTITY, Record, as_entity, columns
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_properties,
    device_status,
    device_text,
    subscription,
)
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

#: Devices that are loaded at once.
BATCH = 5000
#: A day, and when the first of the new devices comes due for health: a fleet stays quiet until a benchmark ends that.
DAY, DUE_AFTER = 86_400_000, 30 * 86_400_000

TABLES = (device, device_document, device_status, device_properties)
LOADED = (*TABLES, device_text, subscription)
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
Values = dict[str, Any]


async def multiply(store: Store, database: str, network_id: int, count: int) -> None:
    """Adds devices until a network, which has some, has `count`; `database` is the address of the store."""
    parts = [await _rows(store, table, network_id) for table in TABLES]
    originals = [_Original.of(*rows) for rows in zip(*parts, strict=True)]
    chance = random.Random(count)
    first = len(originals)
    if first >= count:
        return

    async def count_in(tx: Transaction) -> tuple[Any, Any]:
        new = count - first
        for entity in ("Device", ENTITY):
            await counters.add(tx, network_id, entity, new)
        return await tx.next_ids("device", new), await tx.next_ids("subscription", new)

    ids, subscription_ids = await store.write(count_in)
    async with loading(database, LOADED) as load:
        for begin in range(first, count, BATCH):
            numbers = range(begin, min(begin + BATCH, count))
            rows: list[list[tuple[Any, ...]]] = [[] for _ in LOADED]
            names: list[list[str]] = []
            for number in numbers:
                new = ids[number - first], subscription_ids[number - first]
                copies = list(_copy(chance.choice(originals), number, *new, chance))
                names = names or [list(values) for values in copies]
                for table, values in zip(rows, copies, strict=True):
                    table.append(tuple(values.values()))
            for into, columns_of, new_rows in zip(LOADED, names, rows, strict=True):
                await load(into, columns_of, new_rows)
    await MaintainedCounts(store).correct()


async def _rows(store: Store, table: Table, network_id: int) -> list[Row]:
    ours = table.select().where(table.c.network_id == bindparam("network_id"))
    return await store.all(Query(ours.order_by(list(table.primary_key)[-1])), network_id=network_id)


class _Original(NamedTuple):
    """The rows of a device, and the texts of its JSON without what a copy adds."""

    narrow: Values
    document: Values
    status: Values
    settings: str
    properties: str
    subscription: Values
    #: JSON of its subscription: as it is answered, and for filters.
    entity: str
    flat: str

    @classmethod
    def of(cls, narrow: Row, document: Row, status: Row, properties: Row) -> _Original:
        settings = msgspec.json.decode(document.settings) | {"name": None, "description": None}
        flat = msgspec.json.decode(properties.properties)
        kept = {path: value for path, value in flat.items() if not path.startswith((DESCRIPTION, SUBSCRIPTION))}
        texts = _json(settings), _json(kept)[:-1]
        computed = {column.name for column in device_document.c if column.computed is not None}
        parts = {name: value for name, value in document._asdict().items() if name not in computed}
        return cls(narrow._asdict(), parts, status._asdict(), *texts, *_subscription(narrow))


#: The id of a subscription, the id and the serial of its device, until a copy gets its own.
ID_IN_TEXT: Final = "1234567890123"
DEVICE_IN_TEXT: Final = "1234567890124"
SERIAL_IN_TEXT: Final = "C0FFEE000000"


def _subscription(narrow: Row) -> tuple[Values, str, str]:
    """Returns the row of a subscription without end, and its JSON: as it is answered, and for filters."""
    registered = narrow.registration_date
    life = lifecycle.unlimited(registered)
    whose = DeviceReference(id=int(DEVICE_IN_TEXT), serial=SERIAL_IN_TEXT)
    given = Record(narrow.network_id, int(ID_IN_TEXT), whose, life)
    entity = as_entity(given, registered)
    known = OWNER.flatten({SUBSCRIPTION: msgspec.to_builtins(entity)})
    row = {"type": life.type, "activity_period": life.activity_period, "creation_date": life.creation_date}
    return {"network_id": given.network_id} | row | columns(given, registered), _json(entity), _json(known)[1:-1]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _copy(original: _Original, number: int, id_: int, subscription_id: int, chance: random.Random) -> Iterator[Values]:
    """Returns the rows of a copy, one for each of `LOADED`."""
    serial, name = f"C{number:011X}", f"{_words(chance, 2).title()} {number}"
    description = f"{_words(chance, 3)} {chance.randrange(1000)}"
    serial_key, name_key, model = fold(serial), fold(name), chance.choice(MODELS)
    narrow = original.narrow | {"id": id_, "serial": serial, "serial_key": serial_key, "model": model}
    narrow |= {"name_key": name_key, "name_order": order_key(name), "model_key": fold(model)}
    document, status = original.document | {"device_id": id_}, original.status | {"device_id": id_}
    if (date := status["status_date"]) is not None:
        narrow["health"] = chance.choice(HEALTHS)
        status["health_due_date"] = date + DUE_AFTER + chance.randrange(DAY)
        status["status"] = status_json(reported_part(status["status"]), narrow["health"], date)
    facts = ("serial", "model", "family", "registration_date", "last_modified_date")
    document["identity"] = identity(id_=id_, **{fact: narrow[fact] for fact in facts})
    settings = original.settings.replace('"name":null', f'"name":"{name}"', 1)
    document["settings"] = settings.replace('"description":null', f'"description":"{description}"', 1)

    def own(text: str) -> str:
        text = text.replace(ID_IN_TEXT, str(subscription_id)).replace(DEVICE_IN_TEXT, str(id_))
        return text.replace(SERIAL_IN_TEXT, serial).replace(fold(SERIAL_IN_TEXT), serial_key)

    document["subscription"] = own(original.entity)
    order = _json(order_key(description))
    flat = f'"{DESCRIPTION}":"{description}","{DESCRIPTION}.order":{order},{own(original.flat)}'
    properties = f"{original.properties}{',' if len(original.properties) > 1 else ''}{flat}}}"
    network_id = narrow["network_id"]
    yield narrow
    yield document
    yield status
    yield {"network_id": network_id, "device_id": id_, "properties": properties}
    texts = {"name_key": name_key, "serial_key": serial_key, "description_key": fold(description)}
    yield {"network_id": network_id, "device_id": id_} | texts
    theirs = {"id": subscription_id, "device_id": id_, "serial": serial, "serial_key": serial_key}
    yield original.subscription | theirs


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))
