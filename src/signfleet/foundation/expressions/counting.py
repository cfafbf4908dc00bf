"""Caches counts until anything is written, and shares a count that runs with later callers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Store

#: How many counts are cached.
CACHE_SIZE = 4096


class Counts:
    """A cache of counts by key, each with the version of the store at which it was counted.

    Callers who ask for the same count of the same version while it runs wait for the one that runs: thirty dashboards
    that load at once cost one scan. If the caller who started it leaves, or may not scan at this moment, another one
    starts it again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()
        self._running: dict[tuple[Hashable, int], asyncio.Future[int]] = {}

    async def get(self, key: Hashable, count: Callable[[], Awaitable[int]], version: int | None = None) -> int:
        """Returns the cached count of `key`, or counts again if `version`, by default the store's, has changed."""
        version = self._store.version() if version is None else version
        cached = self._cache.get(key)
        if cached is not None and cached[0] == version:
            return cached[1]
        this = key, version
        while (running := self._running.get(this)) is not None:
            with suppress(asyncio.CancelledError):
                return await asyncio.shield(running)
            if not running.cancelled():  # it is this caller who leaves
                raise asyncio.CancelledError
        running = self._running[this] = asyncio.get_running_loop().create_future()
        try:
            number = await count()
        except BaseException as error:
            if isinstance(error, Invalid):  # the time limit: a scan of theirs would take as long
                running.set_exception(error)
                running.exception()  # perhaps nobody waits for it
            else:
                running.cancel()
            raise
        finally:
            del self._running[this]
        running.set_result(number)
        self._cache[key] = (version, number)
        self._cache.move_to_end(key)
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return number
