"""How many bytes of large bodies are in memory at a time: of all callers, and of one."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from typing import Final

from signfleet.foundation.errors import Busy, Throttled

#: Smaller bodies are bounded by the number of connections alone.
SMALL: Final = 65_536
#: Bytes of bodies in all; one caller gets this share of them, bodies that wait included.
ROOM: Final = 64 * 1024 * 1024
SHARE_OF_ONE: Final = 4
#: Requests that wait for room, which cost little: their bodies are not read meanwhile. Seconds until they give up.
WAITING: Final = 256
PATIENCE: Final = 10


class BodyBudget:
    """Admits large bodies in the order in which they come. What does not fit waits, bounded in number and time."""

    def __init__(self, room: int = ROOM, patience: float = PATIENCE) -> None:
        self._room = room
        self._patience = patience
        self._free = room
        self._of_one: Counter[Hashable] = Counter()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def admit(self, size: int, owner: Hashable) -> AsyncIterator[None]:
        """Room for a body of `size` bytes of `owner` while the block runs.

        Raises `Throttled` where the owner has taken its share of the room, and `Busy` where there is none in time.
        """
        if self._of_one[owner] + size > self._room // SHARE_OF_ONE:
            raise Throttled("This caller has too many large bodies under way; send one after the other.", retry_after=1)
        self._of_one[owner] += size
        try:
            await self._take(size)
            try:
                yield
            finally:
                self._give_back(size)
        finally:
            self._of_one[owner] -= size
            if not self._of_one[owner]:
                del self._of_one[owner]

    async def _take(self, size: int) -> None:
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
                self._give_back(size)
            else:
                turn.cancel()
                with suppress(ValueError):
                    self._waiting.remove((size, turn))
                self._admit_waiting()
            if isinstance(error, TimeoutError):
                raise _no_room() from None
            raise

    def _give_back(self, size: int) -> None:
        self._free += size
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, turn = self._waiting.popleft()
            self._free -= size
            turn.set_result(None)


def _no_room() -> Busy:
    return Busy("Too many large bodies come in at this moment; try again shortly.", retry_after=5)
