"""Lets go of errors, downloads and pictures when they are old, and of documents and files that nothing needs."""

from __future__ import annotations

import asyncio
from typing import Final

from signfleet.blobs.files import Blobs
from signfleet.devices.retention import store as queries
from signfleet.settings import Settings
from signfleet.storage.interface import Store, Transaction
from signfleet.storage.query import Query
from signfleet.wire.timespan import DAY

#: So many pictures, documents or files go at a time.
BATCH: Final = 500
FOUND_AT_ONCE: Final = 20_000


class Retention:
    """How long things are kept is in the settings, in days. Any number of processes may sweep at once.

    A unit of work cannot delete files. It writes down the names of those that nothing refers to once it is done
    (`unneeded_file`), and a sweep deletes them: whatever fails in between, no file is left behind. `wake` tells the one
    who sweeps that there are some.
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
        await self._let_go_of_pictures(now - days.screenshot_retention_days * DAY)
        for abandoned, deletion in queries.ABANDONED:
            await self._delete_abandoned(abandoned, deletion)
        await self._delete_files()

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

    async def _let_go_of_pictures(self, before: int) -> None:
        async def work(tx: Transaction) -> int:
            old = await tx.all(queries.OLD_SCREENSHOTS, before=before, limit=BATCH)
            if old:
                names = [{"name": name} for row in old for name in (row.blob, row.thumbnail)]
                await tx.execute_many(queries.INSERT_UNNEEDED, names)
                gone = [{"in_network": row.network_id, "gone": row.id} for row in old]
                await tx.execute_many(queries.DELETE_SCREENSHOT, gone)
            return len(old)

        while await self._store.write(work):
            pass

    async def _delete_files(self) -> None:
        while rows := await self._store.all(queries.UNNEEDED, limit=BATCH):
            names = [row.name for row in rows]
            await self._blobs.delete(names)

            async def work(tx: Transaction, names: list[str] = names) -> None:
                await tx.execute(queries.DELETE_UNNEEDED, names=names)

            await self._store.write(work)
