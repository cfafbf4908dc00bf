"""Limits how fast one player calls, so that a player in an endless loop cannot fill the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.interface import StorageError

#: This many requests may come at once, as after a night without network; then one every `SECONDS`.
BURST = 60
SECONDS = 0.5
#: A table has at most this many keys; the next one evicts those that are below the steady rate.
KEYS_LIMIT = 100_000


class RateLimit:
    """Allows `BURST` requests at once per key, then one every `SECONDS`. Each process has a table of its own.

    A key is a device id, a serial or an address. `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        #: For each key: when all its requests would have come at the steady rate of one every `SECONDS`.
        self._through: dict[Hashable, float] = {}

    def check(self, key: Hashable) -> None:
        """Counts a request. Raises `Throttled`, and counts nothing, if there were too many."""
        now = self._clock()
        through = max(self._through.get(key, now), now) + SECONDS
        wait = through - now - BURST * SECONDS
        if wait > 0:
            raise Throttled("This player sends too many requests; try again later.", retry_after=math.ceil(wait))
        if len(self._through) >= KEYS_LIMIT:
            self._through = {old: moment for old, moment in self._through.items() if moment > now}
        self._through[key] = through

    @contextmanager
    def refunding(self, key: Hashable) -> Iterator[None]:
        """Uncounts the last request if the store fails inside, because the player has to retry."""
        try:
            yield
        except StorageError:
            if key in self._through:
                self._through[key] -= SECONDS
            raise
