"""Slows down a player that reports in an endless loop, which would fill the store with what it says."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from signfleet.errors import Throttled

#: A device may send so many reports at once, after a night without network say, and then one every so many seconds.
BURST = 60
SECONDS = 0.5
#: So many devices are remembered before those that have held their pace are forgotten.
DEVICES_LIMIT = 100_000


class Pace:
    """How fast devices report; what is remembered is this process's own. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: When a device, by its id, would have sent what it has at the pace of one every `SECONDS`.
        self._through: dict[int, float] = {}

    def take(self, device_id: int) -> None:
        """Count a report. Raises `Throttled` when there were too many."""
        now = self._clock()
        through = max(self._through.get(device_id, now), now) + SECONDS
        wait = through - now - BURST * SECONDS
        if wait > 0:
            raise Throttled("This device reports too often.", retry_after=math.ceil(wait))
        if len(self._through) >= DEVICES_LIMIT:
            self._through = {id_: moment for id_, moment in self._through.items() if moment > now}
        self._through[device_id] = through
