"""Wakes the players that wait in this process, and waits with them.

The store wakes a player when a command is released to it, in whichever process. The sweep catches what was missed, and
commands of batches whose moment comes later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.queue import topic_of
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.timespan import SECOND

#: How far back (ms) a look for released commands reaches: transactions may commit late, and clocks differ.
OVERLAP: Final = 10 * SECOND
#: For so many seconds a player that has ceased to wait may be about to wait again: streams end and begin.
RETURN: Final = 6.0


class Hub:
    """The waiting players of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[int, set[asyncio.Event]] = {}
        #: When players were here that do not wait now, by the monotonic clock, the first ones first.
        self._left: dict[int, float] = {}
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
                    self.expect(device_id)

    def is_waiting(self, device_id: int) -> bool:
        """Returns whether the player of a device waits in this process."""
        return device_id in self._waiting

    def expect(self, device_id: int) -> None:
        """Notes that the player of a device is about to wait."""
        self._left.pop(device_id, None)
        self._left[device_id] = time.monotonic()

    def may_wait(self, device_id: int) -> bool:
        """Returns whether the player of a device waits in this process, or is about to."""
        left = self._left.get(device_id)
        return device_id in self._waiting or (left is not None and time.monotonic() - left < RETURN)

    async def sweep(self, now: int) -> None:
        """Wakes players to whose devices commands were released since the last look, and forgets who has left."""
        self._forget(time.monotonic() - RETURN)
        since, self._looked = min(self._looked or now, now) - OVERLAP, now
        if self._waiting:
            for row in await self._store.all(queries.RELEASED, since=since, now=now):
                for event in self._waiting.get(row.device_id, ()):
                    event.set()

    def _forget(self, before: float) -> None:
        """Forgets the players that have left before a moment."""
        while self._left:
            device_id = next(iter(self._left))
            if self._left[device_id] >= before:
                return
            del self._left[device_id]
