"""Deletes commands that ended long ago, their files, and what repeated requests are known by."""

from __future__ import annotations

from functools import partial
from typing import Final

from signfleet.fleet.commands import record_store as records
from signfleet.fleet.devices.retention.service import discard_files
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY

#: How many commands or files one transaction deletes.
BATCH: Final = 500


class CommandRetention:
    """Sweeps in the background; `retention` is in days. Several processes may sweep at once."""

    def __init__(self, store: Store, retention: int) -> None:
        self._store = store
        self._retention = retention

    async def sweep(self, now: int) -> None:
        """Deletes what is too old at `now` (ms), and the files of commands that are gone."""
        before = now - self._retention * DAY
        while await self._delete(before):
            pass
        while await self._store.write(lambda tx: tx.execute(records.DELETE_OLD_BATCHES, before=before)):
            pass
        while await self._store.write(lambda tx: tx.execute(records.DELETE_OLD_REQUESTS, before=now - DAY)):
            pass
        while await self._delete_files():
            pass

    async def _delete(self, before: int) -> bool:
        rows = await self._store.all(records.OLD, before=before, limit=BATCH)
        by_network: dict[int, list[int]] = {}
        for row in rows:
            by_network.setdefault(row.network_id, []).append(row.id)
        for network_id, ids in by_network.items():
            await self._store.write(partial(_delete_commands, network_id=network_id, ids=ids))
        return len(rows) == BATCH

    async def _delete_files(self) -> bool:
        """Deletes some files of commands that are gone, with or without their device."""
        rows = await self._store.scan_all(records.ABANDONED_FILES, limit=BATCH)
        for row in rows:

            async def work(tx: Transaction, row: records.AbandonedFile = row) -> None:
                await discard_file(tx, row.network_id, row.command_id, row)

            await self._store.write(work)
        return len(rows) == BATCH


async def _delete_commands(tx: Transaction, network_id: int, ids: list[int]) -> None:
    await tx.execute(records.DELETE, network_id=network_id, ids=ids)


async def discard_file(tx: Transaction, network_id: int, command_id: int, file: records.FileRow) -> None:
    """Deletes a file of a command, unless another process has deleted it."""
    if await tx.execute(records.DELETE_FILE, network_id=network_id, command_id=command_id, name=file.name):
        await discard_files(tx, [file.blob])
        await counters.add(tx, network_id, counters.COMMAND_BYTES, -file.size)
