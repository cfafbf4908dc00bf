"""Stores the lines of imported files until their jobs have taken them, and as long as they may be retried."""

from __future__ import annotations

from typing import Final

from msgspec.json import decode

from signfleet.fleet.changes import import_store as queries
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.csv_text import Row
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY

#: How many lines are stored and read at once.
CHUNK: Final = 100


class ImportedFiles:
    """The files of all networks, in chunks of lines. `retention` is in days."""

    def __init__(self, store: Store, retention: int) -> None:
        self._store = store
        self._retention = retention

    async def add(self, network_id: int, upload: str, chunk: list[Row], now: int) -> None:
        """Stores the next lines of a file, in place of the same lines of an earlier request."""
        key = {"network_id": network_id, "upload": upload}
        text = (await run_in_thread(encode, chunk)).decode()

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.DELETE, **key, line=chunk[-1].line)
            await tx.execute(queries.INSERT, **key, last_line=chunk[-1].line, creation_date=now, rows=text)

        await self._store.write(work)

    async def after(self, network_id: int, upload: str, line: int) -> list[Row]:
        """Returns the lines after another one, as far as they are in one chunk."""
        row = await self._store.one(queries.NEXT, network_id=network_id, upload=upload, after=line)
        return [] if row is None else [Row(number, cells) for number, cells in decode(row.rows) if number > line]

    async def delete_old(self, now: int) -> None:
        """Deletes files after the retention of jobs."""
        before = now - self._retention * DAY
        given = {"before": before, "limit": queries.BATCH}
        while await self._store.write(lambda tx: tx.execute(queries.DELETE_OLD, **given)):
            pass
