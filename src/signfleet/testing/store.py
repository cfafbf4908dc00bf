"""The SQL that empties a whole store, and the mark of a store that may be emptied."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, literal_column, select

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    SEQUENCES,
    device,
    device_count_change,
    metadata,
    person,
    screenshot,
    setting,
    unneeded_file,
)
from signfleet.testing.schemas import SeededDevice

_MARK = "testing"
_MARKED = Query(select(setting.c.value).where(setting.c.name == _MARK))
_ANYBODY = Query(select(person.c.id).limit(1))
_INSERT_MARK = Query(insert(setting).values(name=bindparam("mark"), value=bindparam("yes")))

#: What refers to a table goes before it. Deleting devices writes changes of their counts, which go last.
_EMPTY = [Query(table.delete()) for table in (*reversed(metadata.sorted_tables), device_count_change)]
#: SQLite's sequences are rows of a table.
_RESTART_SEQUENCES = Query(select(*(literal_column(f"setval('{name}_id', 1, false)") for name in SEQUENCES)))

_FILES = (
    Query(select(screenshot.c.blob, screenshot.c.thumbnail)),
    Query(select(unneeded_file.c.name)),
)
_DEVICES = Query(select(device.c.id, device.c.serial).where(among(device.c.serial, "serials")).order_by(device.c.id))


async def is_marked(store: Store) -> bool:
    """Returns whether the store belongs to a testing server."""
    return await store.one(_MARKED) is not None


async def is_in_use(store: Store) -> bool:
    """Returns whether the store has a person."""
    return await store.one(_ANYBODY) is not None


async def file_names(store: Store) -> list[str]:
    """Returns the names of all files that the store lists."""
    return [name for query in _FILES for row in await store.scan_all(query) for name in row if name is not None]


async def empty(store: Store) -> None:
    """Deletes every row, restarts ids at 1, and marks the store as one for tests."""

    async def work(tx: Transaction) -> None:
        for query in _EMPTY:
            await tx.execute(query)
        if store.dialect == "postgresql":
            await tx.one(_RESTART_SEQUENCES)
        await tx.execute(_INSERT_MARK, mark=_MARK, yes="true")

    await store.write(work)


async def devices(store: Store, serials: list[str]) -> list[SeededDevice]:
    """Returns the devices with these serials, by id."""
    rows = await store.scan_all(_DEVICES, serials=serials)
    return [SeededDevice(row.id, row.serial) for row in rows]
