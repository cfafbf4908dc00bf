"""Adds tags to devices, and removes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import msgspec

from signfleet.fleet.devices.document import next_moment, touch, write_part
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice, LockedDevice
from signfleet.fleet.devices.tags import store as queries
from signfleet.fleet.devices.tags.store import TagKeyRow
from signfleet.foundation.errors import Conflict, Invalid
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import tags as tagkeys
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.tags import TagKey
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import MANAGE_TAGS
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.session import Session

#: How many tags a device may have.
LIMIT = 100

_NOTHING: Mapping[str, str | None] = {}


class _Identity(NamedTuple):
    """What identifies a tag in a network."""

    entity: str
    is_system: bool
    name_key: str


class TagChange(NamedTuple):
    """Tags to set, whatever value they have now, and tags to remove; both leave other tags alone."""

    set: dict[TagKey, str]
    removed: Set[tuple[str, _Identity]]
    #: The tags that the device must have, by key; None: must not have.
    expected: dict[str, str | None]


class Tags:
    """Reads and changes the tags of single devices.

    In a network all tags of one name have one spelling and one type: those of the first that is still in use.
    """

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices

    async def get(self, session: Session, ref: str) -> str:
        """Returns the tags of a device as a JSON object. Raises `NotFound`."""
        return await self._devices.part(session, ref, "tags")

    async def add(self, session: Session, ref: str, tags: Mapping[str, Any], now: int) -> None:
        """Adds tags, all or none. Raises `Invalid` naming a key that the device has already, or that does not fit."""
        if len(tags) > LIMIT:
            raise Invalid(f"A device may have {LIMIT} tags; the body has {len(tags)}.")
        new = _checked(tags)
        found = await self._devices.find(session, ref, MANAGE_TAGS)

        async def work(tx: Transaction) -> None:
            row = await self._devices.lock(tx, session, found, MANAGE_TAGS)
            present: dict[str, str] = msgspec.json.decode(row.tags)
            taken = {_identity(tagkeys.parse(text)) for text in present}
            for key in new:
                if _identity(key) in taken:
                    raise Invalid(f"Tag '{key}': the device already has a tag of this name; delete it first.")
            if len(present) + len(new) > LIMIT:
                raise Invalid(f"A device may have {LIMIT} tags; this one would have {len(present) + len(new)}.")
            keys = await _lock_or_create(tx, row.network_id, new)
            present |= {str(key._replace(name=keys[key].name)): value for key, value in new.items()}
            await _insert(tx, row, [(keys[key].id, key.type, value) for key, value in new.items()])
            await _write(tx, row, present, now)

        if new:
            await self._store.write(work)

    async def remove(self, session: Session, ref: str, keys: Sequence[str], now: int) -> None:
        """Removes tags; keys that the device does not have are ignored. Raises `Invalid` for what is not a key."""
        if len(keys) > LIMIT:
            raise Invalid(f"A device may have {LIMIT} tags; the body has {len(keys)} keys.")
        removed = {(key.type, _identity(key)) for key in map(_key, keys)}
        found = await self._devices.find(session, ref, MANAGE_TAGS)

        async def work(tx: Transaction) -> None:
            row = await self._devices.lock(tx, session, found, MANAGE_TAGS)
            present: dict[str, str] = msgspec.json.decode(row.tags)
            parsed = {text: tagkeys.parse(text) for text in present}
            matching = {text: key for text, key in parsed.items() if (key.type, _identity(key)) in removed}
            if not matching:
                return
            known = await _lock_keys(tx, row.network_id, matching.values())
            ids = [known[_identity(key)].id for key in matching.values()]
            for query in queries.DELETIONS:
                await tx.execute(query, network_id=row.network_id, device_id=row.id, tag_ids=ids)
            await _write(tx, row, {text: value for text, value in present.items() if text not in matching}, now)

        await self._store.write(work)

    async def change(self, session: Session, ref: str, change: TagChange, now: int) -> None:
        """Sets and removes tags in a transaction of its own. Raises like `change_in`."""
        found = await self._devices.find(session, ref, MANAGE_TAGS)
        await self._store.write(lambda tx: self.change_in(tx, session, found, change, now))

    async def change_in(
        self, tx: Transaction, session: Session, found: FoundDevice, change: TagChange, now: int
    ) -> tuple[dict[str, str], dict[str, str]] | None:
        """Sets and removes tags, as part of a transaction; returns the old and the new tags if they differ.

        Raises `Invalid` for a key that does not fit, `Forbidden`, `NotFound`, and `Conflict` if the device has other
        tags than `change.expected`.
        """
        row = await self._devices.lock(tx, session, found, MANAGE_TAGS)
        present: dict[str, str] = msgspec.json.decode(row.tags)
        for text, value in change.expected.items():
            if present.get(text) != value:
                raise Conflict(f"Tag '{text}' has changed since.")
        new = {key: value for key, value in change.set.items() if present.get(str(key)) != value}
        names = {_identity(key) for key in new}
        parsed = {text: tagkeys.parse(text) for text in present}
        gone = {
            text: key
            for text, key in parsed.items()
            if (key.type, _identity(key)) in change.removed or _identity(key) in names
        }
        if not new and not gone:
            return None
        tags = {text: value for text, value in present.items() if text not in gone}
        if len(tags) + len(new) > LIMIT:
            raise Invalid(f"A device may have {LIMIT} tags; this one would have {len(tags) + len(new)}.")
        if gone:
            known = await _lock_keys(tx, row.network_id, gone.values())
            ids = [known[_identity(key)].id for key in gone.values()]
            for query in queries.DELETIONS:
                await tx.execute(query, network_id=row.network_id, device_id=row.id, tag_ids=ids)
        keys = await _lock_or_create(tx, row.network_id, new)
        tags |= {str(key._replace(name=keys[key].name)): value for key, value in new.items()}
        await _insert(tx, row, [(keys[key].id, key.type, value) for key, value in new.items()])
        await _write(tx, row, tags, now)
        return present, tags


def read_change(
    tags: Mapping[str, Any], removed: Sequence[str] = (), expected: Mapping[str, str | None] = _NOTHING
) -> TagChange:
    """Returns the change that sets `tags` and removes the keys `removed`. Raises `Invalid`."""
    if len(tags) > LIMIT or len(removed) > LIMIT:
        raise Invalid(f"A device may have {LIMIT} tags; the change names more.")
    return TagChange(_checked(tags), {(key.type, _identity(key)) for key in map(_key, removed)}, dict(expected))


def _checked(tags: Mapping[str, Any]) -> dict[TagKey, str]:
    """Returns the keys and canonical values of a body. Raises `Invalid`."""
    checked: dict[TagKey, str] = {}
    names = set()
    for text, value in tags.items():
        key = _key(text)
        if _identity(key) in names:
            raise Invalid(f"Tag '{text}': the body has two tags of this name.")
        names.add(_identity(key))
        try:
            checked[key] = tagkeys.normalise(key.type, value)
        except ValueError as error:
            raise Invalid(f"Tag '{text}': {error}.") from error
    return checked


def _key(text: str) -> TagKey:
    try:
        key = tagkeys.parse(text)
    except ValueError as error:
        raise Invalid(f"Tag '{text[:200]}': {error}.") from error
    if key.system:
        raise Invalid(f"Tag '{text}' is a system tag and read-only.")
    return key


def _identity(key: TagKey) -> _Identity:
    return _Identity(key.entity, key.system, fold(key.name))


async def _lock_keys(tx: Transaction, network_id: int, keys: Iterable[TagKey]) -> dict[_Identity, TagKeyRow]:
    """Locks and returns the rows of those of these keys that the network has."""
    rows = await tx.all(queries.LOCK_KEYS, network_id=network_id, names=[fold(key.name) for key in keys])
    return {_Identity(row.entity, bool(row.is_system), row.name_key): row for row in rows}


async def _lock_or_create(tx: Transaction, network_id: int, keys: Iterable[TagKey]) -> dict[TagKey, TagKeyRow]:
    """Locks the network's rows of these keys; creates missing ones. Raises `Invalid` if another type is in use."""
    # Sorted, so that two transactions that create the same keys cannot deadlock.
    ordered = sorted(keys, key=_identity)
    known = await _lock_keys(tx, network_id, ordered)
    missing = [key for key in ordered if _identity(key) not in known]
    if missing:
        ids = await tx.next_ids("tag_key", len(missing))
        await tx.execute_many(
            queries.INSERT_KEY, [_new_key(network_id, id_, key) for id_, key in zip(ids, missing, strict=True)]
        )
        known = await _lock_keys(tx, network_id, ordered)
    return {key: await _with_type(tx, network_id, key, known[_identity(key)]) for key in ordered}


def _new_key(network_id: int, id_: int, key: TagKey) -> dict[str, Any]:
    return {
        "network_id": network_id,
        "id": id_,
        "entity": key.entity,
        "is_system": key.system,
        "name": key.name,
        "name_key": _identity(key).name_key,
        "name_order": order_key(key.name),
        "type": key.type,
    }


async def _with_type(tx: Transaction, network_id: int, key: TagKey, known: TagKeyRow) -> TagKeyRow:
    """Returns the row `known` with the type of `key`. Raises `Invalid` if it has another one and a device uses it."""
    if known.type == key.type:
        return known
    # The update comes before the check: it waits for transactions that lock the key FOR SHARE and are about to use it.
    await tx.execute(queries.RESPELL_KEY, in_network=network_id, tag_id=known.id, new_name=key.name, new_type=key.type)
    if await tx.one(queries.ANY_USE, network_id=network_id, tag_id=known.id) is not None:
        raise Invalid(f"Tag '{key}': in this network '{known.name}' is a tag of type {known.type}.")
    return (await _lock_keys(tx, network_id, [key]))[_identity(key)]


async def _insert(tx: Transaction, row: LockedDevice, tags: Iterable[tuple[int, str, str]]) -> None:
    """Inserts the rows that filters and sorts read. `tags` are triples: id of the key, type, value."""
    whole, elements = [], []
    for tag_id, tag_type, text in tags:
        value = tagkeys.comparable(tag_type, text)
        same = {"network_id": row.network_id, "device_id": row.id, "tag_id": tag_id}
        order = order_key(value) if isinstance(value, str) else None
        compared = _comparable(None if isinstance(value, list) else value)
        whole.append({**same, "value": text, **compared, "value_order": order})
        for place, element in enumerate(value if isinstance(value, list) else ()):
            elements.append({**same, "position": place, **_comparable(element)})
    await tx.execute_many(queries.INSERT_TAG, whole)
    if elements:
        await tx.execute_many(queries.INSERT_ELEMENT, elements)


def _comparable(value: str | float | None) -> dict[str, str | float | None]:
    if value is None or isinstance(value, str):
        return {"value_key": value, "value_number": None}
    return {"value_key": None, "value_number": float(value)}


async def _write(tx: Transaction, row: LockedDevice, tags: dict[str, str], now: int) -> None:
    moment, document = next_moment(row, now), encode(tags).decode()
    await write_part(tx, row, "tags", document, moment)
    await touch(tx, row, moment)
    before, after = (f'{{"tags":{stored}}}' for stored in (row.tags, document))
    await record(tx, row.network_id, AuditEntry("Update", "Device", row.id, row.serial, before, after), now)
