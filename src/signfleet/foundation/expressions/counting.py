"""Counts, remembered until anything is written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from signfleet.foundation.storage.interface import Store

#: So many counts are remembered.
KEPT = 4096


class Counts:
    """Each count is kept under a key, with the store's version that it was made at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    async def get(self, key: Hashable, count: Callable[[], Awaitable[int]], version: int | None = None) -> int:
        """The count of `key`: as remembered, or made anew if the store, or the `version` given, has changed since."""
        version = self._store.version() if version is None else version
        kept = self._kept.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        number = await count()
        self._kept[key] = (version, number)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return number
