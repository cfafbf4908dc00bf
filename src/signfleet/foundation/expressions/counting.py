"""Counts, remembered until anything is written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from signfleet.foundation.storage.interface import Store

#: So many counts are remembered.
CACHE_SIZE = 4096


class Counts:
    """Each count is cached under a key, with the store's version that it was made at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    async def get(self, key: Hashable, count: Callable[[], Awaitable[int]], version: int | None = None) -> int:
        """The count of `key`: as remembered, or made anew if the store, or the `version` given, has changed since."""
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
