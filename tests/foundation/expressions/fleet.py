"""Random fleets, and the way of a Player document into the tables that expressions read."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import SET_DESCRIPTION
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import (
    device,
    device_properties,
    device_status,
    device_tag,
    device_tag_element,
    tag_key,
)
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire import tags as tagkeys
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

Document = dict[str, Any]

TEXTS = [
    "",
    "Lobby",
    "lobby 2",
    "LOBBY, left",
    "Straße",
    "STRASSE 5",
    "\u00c9t\u00e9",
    "e\u0301te\u0301",
    "İstanbul",
    "Ждать",
    "ждать",
    "日本",
    "𝒳 high",
    "\U0010ffff",
    "100%",
    "a_b",
    "aXb",
    "!bang",
    "it's",
    "back\\slash",
    "*star?",
    'quo"te',
    "ZZ",
    "zz top",
]
NUMBERS = [-3, 0, 1, 2, 3, 7, 12, 15, 100, 255]
FRACTIONS = [-122.1224, -0.5, 0.0, 0.1, 12.5, 37.4152]
MOMENTS = [1580515200000, 1706745599999, 1709164800000, 1710288000000, 1710288000001, 1711843200123]
SPANS = [0, 1, 300_000, 21_600_000, 86_400_000, 31_536_000_000]
ARRAYS = [[], ["Lobby"], ["lobby", "ÉTÉ"], ["Lobby 2", "ZZ", "100%"]]
MODELS = ["HD1024", "XD1034", "LS424", "ZZ9999"]
_REQUIRED = {"id", "serial", "model", "family", "registrationDate", "lastModifiedDate"} | {
    "settings",
    "settings.name",
    "settings.group",
    "settings.group.id",
    "status.health",
    "status.lastModifiedDate",
}
_TAGS: dict[str, list[Any]] = {
    "string::[Device].<City>": ["Odesa", "odesa", "Straße", "", "2024-03-13T00:00:00Z", "true"],
    "string::[sys].[Device].<City>": ["Lviv"],
    "string::[Content].<Anon>": ["image"],
    "number::[Device].<Floor>": [-1, 0, 2, 2.5, 3],
    "boolean::[Device].<Outdoor>": [True, False],
    "dateTime::[Device].<Installed>": ["2024-03-13T00:00:00Z", "2023-01-31T10:00:00.5Z"],
    "timeSpan::[Device].<Dwell>": ["00:05:00", "1.00:00:00"],
    "stringArray::[Device].<Colors>": [[], ["red"], ["Red", "blue"], ["blue", "a,b", 'q"t']],
    "numericArray::[Device].<Slots>": [[], [1], [1, 2], [2.5, 7]],
}
TAG_NAMES = ["City", "Anon", "Floor", "Outdoor", "Installed", "Dwell", "Colors", "Slots", "Nowhere"]


def random_fleet(seed: int, size: int, first: int = 1) -> list[Document]:
    """Devices with ids from `first`, every property of which is drawn from a small pool, or null."""
    dice = random.Random(seed)
    return [_device(dice, number, seed) for number in range(first, first + size)]


def _device(dice: random.Random, number: int, seed: int) -> Document:
    document: Document = {"taggedGroups": [], "permissions": []}
    for found in DEVICES.properties.values():
        _put(document, found, dice)
    document |= {"id": number, "serial": f"S{seed}N{number:04d}", "model": dice.choice(MODELS)}
    document["taggedGroups"] = [{"id": 1, "name": name} for name in dice.choice(ARRAYS)]
    chosen = [key for key in _TAGS if dice.random() < 0.6]
    document["tags"] = {key: tagkeys.normalise(tagkeys.parse(key).type, dice.choice(_TAGS[key])) for key in chosen}
    return document


def _put(document: Document, found: Property, dice: random.Random) -> None:
    *parents, name = found.path.split(".")
    holder: Any = document
    for parent in parents:
        holder = holder[parent]
        if holder is None:
            return
    absent = found.path not in _REQUIRED and dice.random() < 0.2
    holder[name] = None if absent else _value(found, dice)


def _value(found: Property, dice: random.Random) -> Any:
    match found.kind:
        case Kind.OBJECT:
            return {}
        case Kind.STRING:
            return dice.choice(TEXTS)
        case Kind.ENUM:
            return dice.choice(found.words)
        case Kind.NUMBER:
            return dice.choice(NUMBERS if found.whole else FRACTIONS)
        case Kind.DATE_TIME:
            return datetime.format(dice.choice(MOMENTS))
        case Kind.TIME_SPAN:
            return timespan.format(dice.choice(SPANS))
        case Kind.BOOLEAN:
            return dice.random() < 0.5
        case Kind.STRING_ARRAY:
            return dice.choice(ARRAYS)
    raise AssertionError(found)


async def put_fleet(store: Store, network_id: int, documents: Iterable[Document]) -> None:
    """Write devices the way the device store does, as far as expressions read it."""
    documents = list(documents)
    tags = [(document["id"], *pair) for document in documents for pair in _tag_rows(network_id, document)]

    async def work(tx: Transaction) -> None:
        await tx.execute_many(_DEVICE, [device_row(network_id, document) for document in documents])
        await tx.execute_many(_STATUS, [status_row(network_id, document) for document in documents])
        await tx.execute_many(_PROPERTIES, [properties_row(network_id, document) for document in documents])
        described = [
            {"in_network": network_id, "of_device": document["id"], "new_description_key": fold(text)}
            for document in documents
            if (text := document["settings"].get("description")) is not None
        ]
        await tx.execute_many(SET_DESCRIPTION, described)
        known = [_tag_key_row(network_id, number, key) for number, key in enumerate(_TAGS, 1)]
        await tx.execute_many(_TAG_KEY, known)
        await tx.execute_many(_TAG, [row for _, row, _ in tags])
        await tx.execute_many(_ELEMENT, [row for _, _, rows in tags for row in rows])

    await store.write(work)


def device_row(network_id: int, document: Document) -> dict[str, Any]:
    """The narrow row of a device; columns that expressions do not read have any value."""
    settings, status = document["settings"], document["status"] or {}
    location = settings.get("location") or {}
    return {
        column.name: None if column.nullable else False if column.name == "has_commands" else 0
        for column in device.columns
    } | {
        "network_id": network_id,
        "id": document["id"],
        "serial": document["serial"],
        "serial_key": fold(document["serial"]),
        "model": document["model"],
        "model_key": fold(document["model"]),
        "family": document["family"],
        "registration_date": datetime.parse(document["registrationDate"]),
        "last_modified_date": datetime.parse(document["lastModifiedDate"]),
        "name_key": fold(settings["name"]),
        "name_order": order_key(settings["name"]),
        "group_id": settings["group"]["id"],
        "health": status.get("health", "Unknown"),
        "gps_latitude": location.get("gpsLatitude"),
        "gps_longitude": location.get("gpsLongitude"),
        "location_key": None if location.get("path") is None else fold(location["path"]),
    }


def status_row(network_id: int, document: Document) -> dict[str, Any]:
    """The row of a device's status; columns that expressions do not read have any value."""
    reported = (document["status"] or {}).get("lastModifiedDate")
    return {column.name: None if column.nullable else 0 for column in device_status.columns} | {
        "network_id": network_id,
        "device_id": document["id"],
        "status_date": None if reported is None else datetime.parse(reported),
        "properties": _flat({"status": document["status"]}),
    }


def properties_row(network_id: int, document: Document) -> dict[str, Any]:
    """The flat object of a device."""
    rest = {name: value for name, value in document.items() if name != "status"}
    return {"network_id": network_id, "device_id": document["id"], "properties": _flat(rest)}


def _flat(document: Document) -> str:
    return msgspec.json.encode(DEVICES.flatten(document)).decode()


def _tag_key_row(network_id: int, id: int, text: str) -> dict[str, Any]:
    key = tagkeys.parse(text)
    return {
        "network_id": network_id,
        "id": id,
        "entity": key.entity,
        "is_system": key.system,
        "name": key.name,
        "name_key": fold(key.name),
        "name_order": order_key(key.name),
        "type": key.type,
    }


def _tag_rows(network_id: int, document: Document) -> Iterable[tuple[dict[str, Any], list[dict[str, Any]]]]:
    numbers = {key: number for number, key in enumerate(_TAGS, 1)}
    for key, text in document["tags"].items():
        value = tagkeys.comparable(tagkeys.parse(key).type, text)
        same = {"network_id": network_id, "device_id": document["id"], "tag_id": numbers[key]}
        elements = value if isinstance(value, list) else []
        yield (
            {
                **same,
                "value": text,
                **_comparable(None if isinstance(value, list) else value),
                "value_order": order_key(value) if isinstance(value, str) else None,
            },
            [{**same, "position": place, **_comparable(element)} for place, element in enumerate(elements)],
        )


def _comparable(value: Any) -> dict[str, Any]:
    if isinstance(value, str) or value is None:
        return {"value_key": value, "value_number": None}
    return {"value_key": None, "value_number": float(value)}


_DEVICE = Query(device.insert())
_STATUS = Query(device_status.insert())
_PROPERTIES = Query(device_properties.insert())
_TAG_KEY = Query(tag_key.insert())
_TAG = Query(device_tag.insert())
_ELEMENT = Query(device_tag_element.insert())
