"""The index for searches in texts: SQLite always has one, PostgreSQL where `pg_trgm` could be had.

PostgreSQL maintains its own. SQLite's would write as much for each change as the rest of it, so triggers note which
devices have changed, with the texts that the index has of them, and a job indexes them together:

    device 7 is renamed     device_search_waiting: (7, 'lobby', …)        the index finds 7 by 'lobby'
    a search                finds 7 by the index, or since it waits
    `catch_up`              removes 'lobby' and adds 'hall'; nothing waits
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy import BigInteger, column, text

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query

#: Makes the index where the upgrade could not.
MAKE: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX device_search ON device_text USING gin"
    " (name_key gin_trgm_ops, serial_key gin_trgm_ops, description_key gin_trgm_ops, tags_key gin_trgm_ops);"
)
_FIND: Final = Query(
    text("SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'device_search'")
)

#: How many devices one transaction indexes, so that other writers do not wait for all of them.
BATCH: Final = 50
_WAITING: Final = Query(
    text(
        "SELECT device_id FROM device_search_waiting WHERE device_id > :after ORDER BY device_id LIMIT :limit"
    ).columns(column("device_id", BigInteger))
)
#: The index removes a device by the texts that it has of it.
_INDEX: Final = tuple(
    Query(text(statement))
    for statement in (
        "INSERT INTO device_search (device_search, rowid, name_key, serial_key, description_key, tags_key)"
        " SELECT 'delete', device_id, name_key, serial_key, description_key, tags_key FROM device_search_waiting"
        " WHERE device_id BETWEEN :first AND :last AND name_key IS NOT NULL",
        "INSERT INTO device_search (rowid, name_key, serial_key, description_key, tags_key)"
        " SELECT device_id, name_key, serial_key, description_key, tags_key FROM device_text"
        " WHERE device_id IN (SELECT device_id FROM device_search_waiting WHERE device_id BETWEEN :first AND :last)",
        "DELETE FROM device_search_waiting WHERE device_id BETWEEN :first AND :last",
    )
)


async def has_search_index(store: Store) -> bool:
    """Checks whether the index is there."""
    return store.dialect == "sqlite" or bool(await store.all(_FIND))


async def catch_up(store: Store) -> None:
    """Indexes the texts of all devices that wait."""
    if store.dialect != "sqlite":
        return
    after: int | None = 0
    while after is not None:
        waiting = await store.all(_WAITING, after=after, limit=BATCH)
        if waiting:
            await store.write(partial(_index, waiting[0].device_id, waiting[-1].device_id))
        after = waiting[-1].device_id if len(waiting) == BATCH else None


async def _index(first: int, last: int, tx: Transaction) -> None:
    for statement in _INDEX:
        await tx.execute(statement, first=first, last=last)
