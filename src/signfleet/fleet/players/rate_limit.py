"""Slows down players that report, join or ask for tokens in an endless loop, which would fill the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.interface import StorageError

#: So many requests may come at once, after a night without network say, and then one every so many seconds.
BURST = 60
SECONDS = 0.5
#: So many keys are remembered before those that have not exceeded their pace are forgotten.
KEYS_LIMIT = 100_000


class Pace:
    """How fast requests of one kind come for each key; what is remembered is this process's own.

    A key is a device by its id, a serial, or an address. `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        #: When all that came for a key would have come at the pace of one every `SECONDS`.
        self._through: dict[Hashable, float] = {}

    def take(self, key: Hashable) -> None:
        """Counts a request. Raises `Throttled` when there were too many."""
        now = self._clock()
        through = max(self._through.get(key, now), now) + SECONDS
        wait = through - now - BURST * SECONDS
        if wait > 0:
            raise Throttled("This player calls too often; it has to wait.", retry_after=math.ceil(wait))
        if len(self._through) >= KEYS_LIMIT:
            self._through = {old: moment for old, moment in self._through.items() if moment > now}
        self._through[key] = through

    @contextmanager
    def refunding(self, key: Hashable) -> Iterator[None]:
        """Forgets the last request if the store fails inside: the player has to send it again."""
        try:
            yield
        except StorageError:
            if key in self._through:
                self._through[key] -= SECONDS
            raise
