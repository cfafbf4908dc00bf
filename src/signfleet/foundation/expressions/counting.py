"""Caches counts until anything is written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from signfleet.foundation.storage.interface import Store

#: How many counts are cached.
CACHE_SIZE = 4096


class Counts:
    """A cache of counts by key, each with the version of the store at which it was counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    async def get(self, key: Hashable, count: Callable[[], Awaitable[int]], version: int | None = None) -> int:
        """Returns the cached count of `key`, or counts again if `version`, by default the store's, has changed."""
        version = self._store.version() if version is None else version
        cached = self._cache.get(key)
        if cached is not None and cached[0] == version:
            return cached[1]
        number = await count()
        self._cache[key] = (version, number)
        self._cache.move_to_end(key)
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return number
