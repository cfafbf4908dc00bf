"""Whether this process can serve: it tries what requests need, and nobody waits long for the result."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from signfleet.foundation import clock
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.errors import Unavailable
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.web.monitoring import store as queries

log = structlog.get_logger("readiness")

#: A try that takes longer counts as failed.
ANSWER_SECONDS = 2.0
#: A result counts for so many seconds: however often somebody asks, there is one try at a time, and few of them.
FRESH_SECONDS = 2.0
#: More than the rest of a block that is in use already.
SAMPLE = bytes(65_536)


class _Probe:
    """One thing that is tried."""

    def __init__(self, failure: str, work: Callable[[], Awaitable[None]]) -> None:
        self.failure = failure
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._started = 0.0

    async def works(self) -> bool:
        now = time.monotonic()
        if self._task is None or (self._task.done() and now - self._started >= FRESH_SECONDS):
            self._started = now
            self._task = asyncio.create_task(self._try(), name=self.failure)
        # A try that hangs goes on: cancelled, it could keep a connection busy, and the next one would hang as well.
        await asyncio.wait({self._task}, timeout=ANSWER_SECONDS)
        return self._task.done() and not self._task.cancelled() and self._task.exception() is None

    async def _try(self) -> None:
        try:
            await self._work()
        except Exception as error:
            log.warning(self.failure, reason=str(error))
            raise


class Readiness:
    """Tries to read and to write the database, and to write a file where pictures are."""

    def __init__(self, store: Store, blobs: Blobs, settings: Settings) -> None:
        self._store = store
        self._blobs = blobs
        self._database_file = settings.database_file
        self._withheld = ""
        self._probes = (
            _Probe("the database cannot be read", self._read),
            _Probe("the database cannot be written", self._write),
            _Probe("files cannot be written", self._put),
        )

    def withhold(self, reason: str) -> None:
        """Makes the process count as not ready for a reason, until `release`."""
        self._withheld = reason

    def release(self) -> None:
        self._withheld = ""

    async def check(self) -> None:
        """Raises `Unavailable` with everything that does not work."""
        if self._withheld:
            raise Unavailable(f"Not ready: {self._withheld}.")
        works = await asyncio.gather(*(probe.works() for probe in self._probes))
        failures = [probe.failure for probe, well in zip(self._probes, works, strict=True) if not well]
        if failures:
            raise Unavailable(f"Not ready: {', '.join(failures)}.")

    async def _read(self) -> None:
        await self._store.one(queries.ANYTHING)

    async def _write(self) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(queries.NOTE_CHECK, name=queries.CHECKED, value=str(clock.now() // 1000))

        await self._store.write(work)
        if self._database_file is not None:  # SQLite can still write into the room that its log has already
            await asyncio.to_thread(_write_sample, self._database_file.parent)

    async def _put(self) -> None:
        await self._blobs.put("ready", SAMPLE)


def _write_sample(folder: Path) -> None:
    path = folder / f"signfleet.db.{os.getpid()}.ready"
    try:
        with path.open("wb") as file:
            file.write(SAMPLE)
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
