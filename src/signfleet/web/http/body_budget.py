"""Limits the memory of large request bodies, for all callers together and for each one."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from typing import Final

from signfleet.foundation.errors import Busy, Throttled

#: Bodies up to this size count only towards the limit of connections.
SMALL: Final = 65_536
#: Bytes of all bodies; one caller may use 1/`SHARE_OF_ONE` of them, including bodies that wait.
ROOM: Final = 64 * 1024 * 1024
SHARE_OF_ONE: Final = 4
#: Requests that may wait for room, their bodies still unread, and the seconds until they fail.
WAITING: Final = 256
PATIENCE: Final = 10


class BodyBudget:
    """Admits large bodies in order of arrival. A body that does not fit waits; the queue and the wait are bounded."""

    def __init__(self, room: int = ROOM, patience: float = PATIENCE) -> None:
        self._room = room
        self._patience = patience
        self._free = room
        self._by_caller: Counter[Hashable] = Counter()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def admit(self, size: int, caller: Hashable) -> AsyncIterator[None]:
        """Reserves room for a body of `size` bytes, sent by `caller`, while the block runs.

        Raises `Throttled` if the caller would exceed its share of the room, and `Busy` if no room is free in time.
        """
        if self._by_caller[caller] + size > self._room // SHARE_OF_ONE:
            raise Throttled("This caller sends too many large bodies at once; send one after the other.", retry_after=1)
        self._by_caller[caller] += size
        try:
            await self._reserve(size)
            try:
                yield
            finally:
                self._release(size)
        finally:
            self._by_caller[caller] -= size
            if not self._by_caller[caller]:
                del self._by_caller[caller]

    async def _reserve(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        if len(self._waiting) >= WAITING:
            raise _no_room()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._patience)
        except BaseException as error:
            if turn.done():
                self._release(size)
            else:
                turn.cancel()
                with suppress(ValueError):
                    self._waiting.remove((size, turn))
                self._admit_waiting()
            if isinstance(error, TimeoutError):
                raise _no_room() from None
            raise

    def _release(self, size: int) -> None:
        self._free += size
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, turn = self._waiting.popleft()
            self._free -= size
            turn.set_result(None)


def _no_room() -> Busy:
    return Busy("The server is receiving too many large bodies; try again shortly.", retry_after=5)
