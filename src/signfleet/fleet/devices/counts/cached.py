"""Caches what follows from the counts of a network, and from where its devices stand, until one of these changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sized
from typing import Any, Generic, TypeVar

from signfleet.fleet.devices.counts import store as queries
from signfleet.foundation.storage.interface import Store

T = TypeVar("T", bound=Sized)


class CountedResults(Generic[T]):
    """A cache of results by network and key, each with the version of the network's counts before it was made.

    A report or a patch that changes nothing counted leaves the version, so results outlive most writes:

        get(1, "regions")     version 7: not cached, makes the result
        a device is renamed   version 7 stays
        get(1, "regions")     version 7: cached
        a device moves        version 8: the trigger adds rows to `device_count_change`
        get(1, "regions")     version 8: makes the result again
    """

    def __init__(self, store: Store, limit: int) -> None:
        """The results together have at most a length of `limit`."""
        self._store = store
        self._limit = limit
        self._length = 0
        self._cached: OrderedDict[Hashable, tuple[int, T]] = OrderedDict()

    async def get(self, network_id: int, key: Any, make: Callable[[], Awaitable[T]]) -> T:
        """Returns the cached result, or makes it."""
        # Before the result, which may then be newer than its version but never older.
        [row] = await self._store.scan_all(queries.VERSION, network_id=network_id)
        cached = self._cached.get((network_id, key))
        if cached is not None and cached[0] == row.version:
            self._cached.move_to_end((network_id, key))
            return cached[1]
        result = await make()
        if (before := self._cached.pop((network_id, key), None)) is not None:
            self._length -= len(before[1])
        self._cached[network_id, key] = row.version, result
        self._length += len(result)
        while self._length > self._limit:
            _, (_, oldest) = self._cached.popitem(last=False)
            self._length -= len(oldest)
        return result
