"""Lets go of errors, downloads and pictures when they are old, and of documents and files that nothing needs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Final

from signfleet.fleet.devices.retention import store as queries
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import StorageError, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.timespan import DAY, MINUTE

#: A file that is being written has so long (ms) until something refers to it; that takes minutes at worst.
WRITING_TIME: Final = 30 * MINUTE

#: So many pictures, documents or files go at a time.
BATCH: Final = 500
FOUND_AT_ONCE: Final = 20_000


async def expect_files(tx: Transaction, names: Iterable[str], now: int) -> None:
    """Before files are written: unless something comes to refer to them, they go after `WRITING_TIME`.

    `now` is in ms.
    """
    await tx.execute_many(queries.INSERT_UNNEEDED, [{"name": name, "due_date": now + WRITING_TIME} for name in names])


async def need_files(tx: Transaction, names: Collection[str]) -> None:
    """Something refers to files that were expected. Raises `StorageError` if it comes too late."""
    if await tx.execute(queries.DELETE_UNNEEDED, names=list(names)) != len(names):
        raise StorageError(f"writing took too long: {', '.join(names)}")


async def give_up_files(tx: Transaction, names: Iterable[str]) -> None:
    """Nothing refers to files any more: they go with the next sweep."""
    await tx.execute_many(queries.INSERT_UNNEEDED, [{"name": name, "due_date": 0} for name in names])


class Retention:
    """How long things are kept is in the settings, in days. Any number of processes may sweep at once.

    A unit of work can neither write nor delete files. The names of those that nothing refers to once it is done are
    written down (`unneeded_file`), of new ones before they are written, and a sweep deletes them: whatever fails in
    between, no file is left behind, and none goes that is needed. `wake` tells the one who sweeps that there is much.
    """

    def __init__(self, store: Store, blobs: Blobs, settings: Settings) -> None:
        self._store = store
        self._blobs = blobs
        self._settings = settings
        self.wake = asyncio.Event()

    async def sweep(self, now: int) -> None:
        """Let go of all that is too old at `now` (ms). Raises `StorageError` where files cannot be deleted."""
        days = self._settings
        await self._delete(queries.DELETE_OLD_ERRORS, now - days.error_retention_days * DAY)
        await self._delete(queries.DELETE_OLD_DOWNLOADS, now - days.download_retention_days * DAY)
        await self._delete_pictures(now - days.screenshot_retention_days * DAY)
        for abandoned, deletion in queries.ABANDONED:
            await self._delete_abandoned(abandoned, deletion)
        await self.delete_files(now)

    async def _delete(self, query: Query, before: int) -> None:
        async def work(tx: Transaction) -> int:
            return await tx.execute(query, before=before)

        while await self._store.write(work):
            pass

    async def _delete_abandoned(self, abandoned: Query, deletion: Query) -> None:
        # Each look goes past whatever is there: it finds what many units of work delete.
        while rows := await self._store.scan_all(abandoned, limit=FOUND_AT_ONCE):
            keys = [{"in_network": row.network_id, "of_device": row.device_id} for row in rows]
            for start in range(0, len(keys), BATCH):

                async def work(tx: Transaction, some: list[dict[str, int]] = keys[start : start + BATCH]) -> None:
                    await tx.execute_many(deletion, some)

                await self._store.write(work)

    async def _delete_pictures(self, before: int) -> None:
        """Deletes pictures that came before a date, but for the newest of each device."""
        place = {"after_date": -1, "after_network": 0, "after_id": 0}
        while rows := await self._store.scan_all(queries.OLD_SCREENSHOTS, before=before, limit=BATCH, **place):
            surplus: dict[int, list[int]] = {}
            for row in rows:
                if row.is_surplus:
                    surplus.setdefault(row.network_id, []).append(row.id)
            for network_id, ids in surplus.items():
                await self._delete_some_pictures(network_id, ids)
            last = rows[-1]
            place = {"after_date": last.arrival_date, "after_network": last.network_id, "after_id": last.id}

    async def _delete_some_pictures(self, network_id: int, ids: list[int]) -> None:
        async def work(tx: Transaction) -> None:
            rows = await tx.all(queries.SCREENSHOTS_TO_DELETE, network_id=network_id, ids=ids)
            if rows:
                await give_up_files(tx, [name for row in rows for name in (row.blob, row.thumbnail)])
                gone = [{"in_network": network_id, "gone": row.id} for row in rows]
                await tx.execute_many(queries.DELETE_SCREENSHOT, gone)
                await counters.add(tx, network_id, counters.PICTURE_BYTES, -sum(row.file_size for row in rows))

        await self._store.write(work)

    async def delete_files(self, now: int) -> None:
        """Delete the files that nothing needs at `now` (ms). Raises `StorageError` where they cannot be deleted."""
        while rows := await self._store.all(queries.UNNEEDED, now=now, limit=BATCH):
            names = [row.name for row in rows]
            await self._blobs.delete(names)

            async def work(tx: Transaction, names: list[str] = names) -> None:
                await tx.execute(queries.DELETE_UNNEEDED, names=names)

            await self._store.write(work)
