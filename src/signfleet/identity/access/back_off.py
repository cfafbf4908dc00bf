"""Delays repeated attempts on one key by pauses that double, up to a limit, and never locks the key."""

from __future__ import annotations

from collections import OrderedDict

from signfleet.foundation.clock import monotonic
from signfleet.foundation.rate_limit import KEYS_LIMIT, Clock, throttled


class BackOff:
    """Spaces out the attempts on one key. `complaint` begins the error message.

    The first `free` attempts have no pause. The pause before the next attempt is one second from then on, doubles with
    every `step` further attempts, and is at most `longest` seconds. The count of a key falls by one every `longest`
    seconds.

    With `free` = 2 and `step` = 2, a caller who waits out each pause waits 0, 0, 0, 1, 2, 2, 2, 4, 4, 8, … seconds.
    """

    def __init__(self, free: int, step: int, longest: float, complaint: str, clock: Clock = monotonic) -> None:
        self._free = free
        self._step = step
        self._longest = longest
        self._complaint = complaint
        self._clock = clock
        #: For each key: when its count reaches zero, and when the next attempt is allowed.
        self._next: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def count(self, key: bytes, patience: float) -> float:
        """Counts an attempt and returns how many seconds it has to wait.

        Raises `Throttled`, and counts nothing, if that is more than `patience`.
        """
        now = self._clock()
        zero, allowed = self._next.get(key, (now, now))
        wait = max(0.0, allowed - now)
        if wait > patience:
            raise throttled(self._complaint, wait - patience)
        zero = max(zero, now) + self._longest
        self._next[key] = zero, max(allowed, now) + self._pause((zero - now) / self._longest)
        self._next.move_to_end(key)
        if len(self._next) > KEYS_LIMIT:
            self._next.popitem(last=False)
        return wait

    def refund(self, key: bytes) -> None:
        """Uncounts one attempt, because it succeeded."""
        if key in self._next:
            zero, allowed = self._next[key]
            self._next[key] = zero - self._longest, allowed

    def _pause(self, count: float) -> float:
        if count <= self._free:
            return 0.0
        doublings = int(count - self._free) // self._step
        return min(self._longest, float(1 << min(doublings, 30)))
