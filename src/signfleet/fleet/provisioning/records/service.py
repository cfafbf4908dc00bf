"""Stores which setup the player with a serial gets: one record a serial, over all networks."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.json import decode

from signfleet.fleet.provisioning.envelope import PageWindow, encoded, is_id, new_id
from signfleet.fleet.provisioning.records import store as queries
from signfleet.fleet.provisioning.records.schemas import SETUP_MEMBERS, check, entity
from signfleet.fleet.provisioning.setups.service import Setups
from signfleet.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action

_COUNTER: Final = "SetupRecord"
#: How many records one transaction deletes: others use the writer too.
DELETED_AT_ONCE: Final = 10


class Wanted(NamedTuple):
    """What a list is narrowed to; None: anything."""

    id: str | None = None
    serial: str | None = None
    username: str | None = None
    setup_name: str | None = None


class Records(NamedTuple):
    """A page of records: how many the network has, how many match, and the page's own as what encodes as JSON."""

    total: int
    matched: int
    players: list[Any]


class ProvisioningRecords:
    """The records of networks."""

    def __init__(self, store: Store, setups: Setups, most: int) -> None:
        """`most` is how many records a network may have."""
        self._store = store
        self._setups = setups
        self._most = most

    async def page(self, network_id: int, wanted: Wanted, window: PageWindow, *, is_descending: bool) -> Records:
        """Returns a page of records, by serial."""
        name = await self._setups.network_name(network_id)
        total = await self._store.one(counters.TOTAL, network_id=network_id, entity=_COUNTER)
        if wanted.id is not None or wanted.serial is not None:
            row = await self._one(network_id, wanted)
            found = [] if row is None else [entity(row, name)]
            return Records(total.total if total else 0, len(found), found[window.offset : window.offset + window.size])
        matching = {
            "network_id": network_id,
            "username_key": None if wanted.username is None else fold(wanted.username),
            "setup_name_key": None if wanted.setup_name is None else fold(wanted.setup_name),
        }
        rows = await self._store.scan_all(
            queries.PAGE_DESCENDING if is_descending else queries.PAGE,
            **matching,
            count=window.size,
            skipped=window.offset,
        )
        (matched,) = await self._store.scan_all(queries.COUNT, **matching)
        players = await encoded(rows, lambda row: entity(row, name))
        return Records(total.total if total else 0, matched.total, players)

    async def _one(self, network_id: int, wanted: Wanted) -> queries.RecordRow | None:
        """Returns the record of an id or serial, if it fits all that is wanted."""
        if wanted.id is not None:
            row = await self._store.one(queries.RECORD, network_id=network_id, id=wanted.id.lower())
        else:
            row = await self._store.one(queries.RECORD_OF_SERIAL, serial_key=fold(wanted.serial or ""))
        if row is None or row.network_id != network_id:
            return None
        asked = ((wanted.serial, row.serial), (wanted.username, row.username), (wanted.setup_name, row.setup_name))
        return row if all(value is None or fold(value) == fold(own or "") for value, own in asked) else None

    async def count_of_setup(self, network_id: int, setup_id: str) -> int:
        """Returns how many records of the network give their serial a setup, which may be deleted already."""
        package_key = await self._setups.package_key(network_id, setup_id)
        of_setup = {"setup_id": setup_id.lower(), "package_key": package_key}
        (count,) = await self._store.scan_all(queries.COUNT_OF_SETUP, network_id=network_id, **of_setup)
        return count.total

    async def create(self, network_id: int, given: dict[str, Any], now: int) -> str:
        """Creates a record and returns its id. Raises `Invalid`, `Forbidden`, and `Conflict` for a known serial."""
        values = await self._values(network_id, given)
        id_ = new_id(now)

        try:
            await self._store.write(lambda tx: self._insert(tx, network_id, id_, values, now))
        except Duplicate as error:
            raise _taken(values["serial"]) from error
        return id_

    async def _insert(self, tx: Transaction, network_id: int, id_: str, values: dict[str, Any], now: int) -> None:
        await counters.add(tx, network_id, _COUNTER, 1)  # locks it
        total = await tx.one(counters.TOTAL, network_id=network_id, entity=_COUNTER)
        most = "provisioning_records_per_network"
        check_quota((total.total if total else 1) - 1, self._most, "provisioning records in this network", most)
        await tx.execute(
            queries.INSERT_RECORD,
            network_id=network_id,
            id=id_,
            creation_date=now,
            last_modified_date=now,
            version=0,
            **values,
            **_keys(values),
        )
        await record(tx, network_id, _entry("Create", None, values), now)

    async def replace(self, network_id: int, id_: str | None, given: dict[str, Any], now: int) -> dict[str, Any]:
        """Changes a record and returns it. Raises `Invalid`, `Forbidden`, `NotFound`, and `Conflict`."""
        id_ = id_ or given.get("id")
        if not isinstance(id_, str) or not is_id(id_):
            raise Invalid("'_id' must be the id of a record, 24 hexadecimal digits, in the query or the body.")
        name = await self._setups.network_name(network_id)

        async def work(tx: Transaction) -> queries.RecordRow:
            row = await tx.one(queries.LOCK_RECORD, network_id=network_id, id=id_.lower())
            if row is None:
                raise NotFound.in_network("provisioning record", id_)
            others = {column: value for column, value in values_of(row).items() if column not in SETUP_MEMBERS}
            await _replace(tx, row, await self._values(network_id, others | given, name), now)
            changed = await tx.one(queries.LOCK_RECORD, network_id=network_id, id=row.id)
            if changed is None:
                raise NotFound.in_network("provisioning record", id_)
            return changed

        try:
            return entity(await self._store.write(work), name)
        except Duplicate as error:
            raise _taken(str(given.get("serial"))) from error

    async def lock(self, tx: Transaction, network_id: int, serial: str) -> queries.RecordRow | None:
        """Locks the record of a serial until the transaction ends, and returns it."""
        return await tx.one(queries.LOCK_RECORD_OF_SERIAL, network_id=network_id, serial_key=fold(serial))

    async def change_in(
        self, tx: Transaction, network_id: int, row: queries.RecordRow | None, given: dict[str, Any], now: int
    ) -> bool:
        """Changes what is given of a record that is locked, or creates it; returns whether anything is new.

        Raises like `create`.
        """
        if row is not None:
            values = _complete(check(values_of(row) | given))
            if values == _present(row):
                return False
            await _replace(tx, row, values, now)
            return True
        values = _complete(check(given))
        try:
            await tx.nested(lambda tx: self._insert(tx, network_id, new_id(now), values, now))
        except Duplicate as error:
            raise _taken(values["serial"]) from error
        return True

    async def taken(self, network_id: int, serials: list[str]) -> set[str]:
        """Returns the folded ones of these serials that have a record in another network."""
        rows = await self._store.all(queries.NETWORKS_OF_SERIALS, keys=[fold(serial) for serial in serials])
        return {row.serial_key for row in rows if row.network_id != network_id}

    async def delete(self, network_id: int, wanted: Wanted, now: int) -> None:
        """Deletes the record of an id or serial. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            if wanted.id is not None:
                row = await tx.one(queries.LOCK_RECORD, network_id=network_id, id=wanted.id.lower())
            else:
                key = fold(wanted.serial or "")
                row = await tx.one(queries.LOCK_RECORD_OF_SERIAL, network_id=network_id, serial_key=key)
            if row is None:
                raise NotFound.in_network("provisioning record", wanted.id or wanted.serial or "")
            await delete_in(tx, row, now)

        await self._store.write(work)

    async def delete_all(self, network_id: int, ids: list[str], now: int) -> list[str]:
        """Deletes records, a few in a transaction; returns the ids of those that existed."""

        async def work(tx: Transaction, some: list[str]) -> list[str]:
            rows = await tx.all(queries.LOCK_RECORDS, network_id=network_id, ids=some)
            for row in rows:
                await delete_in(tx, row, now)
            return [row.id for row in rows]

        deleted: list[str] = []
        for start in range(0, len(ids), DELETED_AT_ONCE):
            some = [id_.lower() for id_ in ids[start : start + DELETED_AT_ONCE]]
            deleted += await self._store.write(partial(work, some=some))
        return deleted

    async def _values(self, network_id: int, given: dict[str, Any], network_name: str | None = None) -> dict[str, Any]:
        """Returns the value of every column. Raises `Invalid`, and `Forbidden` if another network is named."""
        values = check({column: value for column, value in given.items() if column != "id"})
        named, own = values.pop("network_name", None), network_name or await self._setups.network_name(network_id)
        if named is not None and fold(named) != fold(own):
            raise Forbidden(f"'networkName' is '{named}'; this session is for the network '{own}'.")
        return _complete(values)


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the value of every column. Raises `Invalid` without a serial."""
    serial = (values.get("serial") or "").strip()
    if not serial:
        raise Invalid("'serial': a record needs the serial number of a player.")
    complete = {column: values.get(column) for column in queries.COLUMNS}
    return complete | {"serial": serial, "username": values.get("username") or ""}


def _keys(values: dict[str, Any]) -> dict[str, str | None]:
    """Returns the folded values that records are found by."""
    setup = values["setup_name"]
    return {
        "serial_key": fold(values["serial"]),
        "username_key": fold(values["username"]),
        "setup_name_key": None if setup is None else fold(setup),
    }


async def delete_in(tx: Transaction, row: queries.RecordRow, now: int) -> None:
    """Deletes a record that is locked, in a transaction of the caller."""
    await tx.execute(queries.DELETE_RECORD, in_network=row.network_id, this_id=row.id)
    await counters.add(tx, row.network_id, _COUNTER, -1)
    await record(tx, row.network_id, _entry("Delete", _present(row), None), now)


async def _replace(tx: Transaction, row: queries.RecordRow, values: dict[str, Any], now: int) -> None:
    await tx.execute(
        queries.REPLACE_RECORD,
        in_network=row.network_id,
        this_id=row.id,
        now=max(now, row.last_modified_date + 1),
        **{f"new_{column}": value for column, value in (values | _keys(values)).items()},
    )
    await record(tx, row.network_id, _entry("Update", _present(row), values), now)


def values_of(row: queries.RecordRow) -> dict[str, Any]:
    """Returns what a client has sent, by column."""
    user_data = None if row.user_data is None else decode(row.user_data)
    return _present(row) | {"user_data": user_data}


def _present(row: queries.RecordRow) -> dict[str, Any]:
    return {column: getattr(row, column) for column in queries.COLUMNS}


def _entry(action: Action, before: dict[str, Any] | None, after: dict[str, Any] | None) -> AuditEntry:
    """Returns the entry of a change, without user data, which may contain a secret."""
    old, new = (None if values is None else {**values, "user_data": None} for values in (before, after))
    serial = (after or before or {})["serial"]
    return AuditEntry(action, "SetupRecord", name=serial, before=old, after=new)


def _taken(serial: str) -> Conflict:
    return Conflict(f"'serial': there is a provisioning record of the serial number '{serial}' already.")
