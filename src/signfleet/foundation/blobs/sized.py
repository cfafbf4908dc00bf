"""Smaller versions of stored pictures, made when somebody wants to see them.

They are not stored: a picture never changes, so this process caches what it has made, and browsers do.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.blobs.pictures import Pictures

#: The folders of links to smaller pictures, and their longer side in pixels.
SIDES: Final = {"320": 320, "640": 640}
#: Bytes of all cached pictures.
CACHED: Final = 32_000_000


class SizedPictures:
    """Makes smaller pictures; one that several callers want is made once."""

    def __init__(self, blobs: Blobs, pictures: Pictures) -> None:
        self._blobs = blobs
        self._pictures = pictures
        self._cached: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._made: dict[tuple[str, int], asyncio.Task[bytes | None]] = {}

    async def get(self, name: str, side: int) -> bytes | None:
        """Returns the stored picture of this name with sides of at most `side` pixels; None if there is none.

        Raises `Busy` if too many are wanted at a time.
        """
        key = (name, side)
        if (known := self._cached.get(key)) is not None:
            self._cached.move_to_end(key)
            return known
        task = self._made.get(key)
        if task is None:
            task = self._made[key] = asyncio.create_task(self._make(key), name=f"picture {name}")
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)

    def _end(self, key: tuple[str, int], task: asyncio.Task[bytes | None]) -> None:
        """Forgets a task; its callers, if they still wait, get its error."""
        del self._made[key]
        if not task.cancelled():
            task.exception()

    async def _make(self, key: tuple[str, int]) -> bytes | None:
        content = await self._blobs.get(key[0])
        if content is None:
            return None
        small = await self._pictures.shrink(content, key[1])
        self._cached[key] = small
        self._bytes += len(small)
        while self._bytes > CACHED:
            _, oldest = self._cached.popitem(last=False)
            self._bytes -= len(oldest)
        return small
