"""Wakes the players that wait in this process, and waits with them.

The store wakes a player when a command is released to it, in whichever process. The sweep catches what was missed, and
commands of batches whose moment comes later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.queue import topic_of
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.timespan import SECOND

#: How far back (ms) a look for released commands reaches: transactions may commit late, and clocks differ.
OVERLAP: Final = 10 * SECOND


class Hub:
    """The waiting players of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[int, set[asyncio.Event]] = {}
        self._looked = 0

    @contextmanager
    def waiting(self, device_id: int) -> Iterator[asyncio.Event]:
        """Yields an event that is set whenever commands may wait for a device."""
        with self._store.listening(topic_of(device_id)) as event:
            self._waiting.setdefault(device_id, set()).add(event)
            try:
                yield event
            finally:
                self._waiting[device_id].discard(event)
                if not self._waiting[device_id]:
                    del self._waiting[device_id]

    def is_waiting(self, device_id: int) -> bool:
        """Returns whether the player of a device waits in this process."""
        return device_id in self._waiting

    async def sweep(self, now: int) -> None:
        """Wakes players to whose devices commands were released since the last look."""
        since, self._looked = min(self._looked or now, now) - OVERLAP, now
        if self._waiting:
            for row in await self._store.all(queries.RELEASED, since=since, now=now):
                for event in self._waiting.get(row.device_id, ()):
                    event.set()
