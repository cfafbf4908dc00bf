"""Notices what other processes write to the same SQLite file, while tasks of this process wait for topics.

SQLite has no notifications. Five times a second this process asks its read connection, a few microseconds of work,
whether anything was written. Only then it asks the writer's connection, whose data version changes by the commits of
other processes alone. If another process has written, the sequences of ids tell what: only who waits for a topic of a
sequence that has advanced is woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sqlalchemy import select

from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import id_sequence
from signfleet.foundation.storage.wakeups import Wakeups

#: Seconds between two looks.
INTERVAL = 0.2


class Sequence(Protocol):
    name: str
    last: int


SEQUENCES = Query(select(id_sequence.c.name, id_sequence.c.last), Sequence)


class Neighbours:
    """Wakes tasks of this process after commits of other processes. It runs only while a task waits."""

    def __init__(
        self,
        wakeups: Wakeups,
        *,
        version: Callable[[], int],
        foreign_commits: Callable[[], Awaitable[int]],
        sequences: Callable[[], list[Sequence]],
    ) -> None:
        """`version` changes with every commit; `foreign_commits` counts those of other processes."""
        self._wakeups = wakeups
        self._version = version
        self._foreign_commits = foreign_commits
        self._sequences = sequences
        self._task: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Watches from now on, until no task waits any more."""
        if self._task is None or self._task.done():
            try:
                seen = self._read()
            except StorageError:
                seen = {}
            self._task = asyncio.create_task(self._run(seen), name="neighbours")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _read(self) -> dict[str, int]:
        return {row.name: row.last for row in self._sequences()}

    async def _run(self, seen: dict[str, int]) -> None:
        version = commits = -1
        while True:
            await asyncio.sleep(INTERVAL)
            if self._wakeups.is_empty:
                return
            try:
                if version == (version := self._version()):
                    continue
                if commits == (commits := await self._foreign_commits()):
                    continue
                now = self._read()
            except StorageError:  # whatever was written meanwhile is unknown
                version = commits = -1
                self._wakeups.wake_all()
                continue
            self._wakeups.wake_sequences({name for name, last in now.items() if last != seen.get(name)})
            seen = now
