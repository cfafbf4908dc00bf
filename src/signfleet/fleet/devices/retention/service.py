"""Deletes old errors, downloads and screenshots, and files that nothing refers to."""

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

#: How long (ms) a reserved file may take until a row refers to it. Writing takes minutes at worst.
WRITING_TIME: Final = 30 * MINUTE

#: How many screenshots or files one transaction deletes.
BATCH: Final = 500


async def reserve_files(tx: Transaction, names: Iterable[str], now: int) -> None:
    """Records the names of files before they are written: a sweep deletes them unless they are adopted in time.

    That is `WRITING_TIME` after `now` (ms).
    """
    await tx.execute_many(queries.INSERT_UNNEEDED, [{"name": name, "due_date": now + WRITING_TIME} for name in names])


async def adopt_files(tx: Transaction, names: Collection[str]) -> None:
    """Takes reserved files off the list in the transaction that refers to them. Raises `StorageError` if too late."""
    if await tx.execute(queries.DELETE_UNNEEDED, names=list(names)) != len(names):
        raise StorageError(f"writing took too long: {', '.join(names)}")


async def discard_files(tx: Transaction, names: Iterable[str]) -> None:
    """Records that nothing refers to files any more: the next sweep deletes them."""
    await tx.execute_many(queries.INSERT_UNNEEDED, [{"name": name, "due_date": 0} for name in names])


class Retention:
    """Sweeps in the background; retention times are settings, in days. Several processes may sweep at once.

    A transaction can neither write nor delete files, so the table `unneeded_file` lists the names of files to delete:
    of new ones before they are written, of old ones when their row is deleted. A sweep deletes what is due. So a crash
    at any point leaves no file behind, and deletes none that is needed. Example of a new screenshot:

    1. `reserve_files` commits the name, due in `WRITING_TIME`;
    2. the file is written;
    3. one transaction inserts the row and calls `adopt_files`.

    After a crash between 1 and 3 the name stays on the list, and the file is deleted when it is due. `wake` starts a
    sweep before its time, after a large deletion.
    """

    def __init__(self, store: Store, blobs: Blobs, settings: Settings) -> None:
        self._store = store
        self._blobs = blobs
        self._settings = settings
        self.wake = asyncio.Event()

    async def sweep(self, now: int) -> None:
        """Deletes all that is too old at `now` (ms). Raises `StorageError` if files cannot be deleted."""
        days = self._settings
        await self._delete(queries.DELETE_OLD_ERRORS, now - days.error_retention_days * DAY)
        await self._delete(queries.DELETE_OLD_DOWNLOADS, now - days.download_retention_days * DAY)
        await self._delete_screenshots(now - days.screenshot_retention_days * DAY)
        await self.delete_files(now)

    async def _delete(self, query: Query, before: int) -> None:
        async def work(tx: Transaction) -> int:
            return await tx.execute(query, before=before)

        while await self._store.write(work):
            pass

    async def _delete_screenshots(self, before: int) -> None:
        """Deletes screenshots that arrived before a date, except the newest of each device."""
        place = {"after_date": -1, "after_network": 0, "after_id": 0}
        while rows := await self._store.scan_all(queries.OLD_SCREENSHOTS, before=before, limit=BATCH, **place):
            surplus: dict[int, list[int]] = {}
            for row in rows:
                if row.is_surplus:
                    surplus.setdefault(row.network_id, []).append(row.id)
            for network_id, ids in surplus.items():
                await self._delete_screenshots_of(network_id, ids)
            last = rows[-1]
            place = {"after_date": last.arrival_date, "after_network": last.network_id, "after_id": last.id}

    async def _delete_screenshots_of(self, network_id: int, ids: list[int]) -> None:
        async def work(tx: Transaction) -> None:
            rows = await tx.all(queries.SCREENSHOTS_TO_DELETE, network_id=network_id, ids=ids)
            if rows:
                await discard_files(tx, [name for row in rows for name in (row.blob, row.thumbnail)])
                gone = [{"in_network": network_id, "this_id": row.id} for row in rows]
                await tx.execute_many(queries.DELETE_SCREENSHOT, gone)
                await counters.add(tx, network_id, counters.PICTURE_BYTES, -sum(row.file_size for row in rows))

        await self._store.write(work)

    async def delete_files(self, now: int) -> None:
        """Deletes the listed files that are due at `now` (ms). Raises `StorageError` if they cannot be deleted."""
        while rows := await self._store.all(queries.UNNEEDED, now=now, limit=BATCH):
            names = [row.name for row in rows]
            await self._blobs.delete(names)

            async def work(tx: Transaction, names: list[str] = names) -> None:
                await tx.execute(queries.DELETE_UNNEEDED, names=names)

            await self._store.write(work)
