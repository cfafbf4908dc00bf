"""Limits how fast callers may do something: a burst per key, then one request every so many seconds.

Time is the monotonic clock's: a step of the system's clock neither opens a limit nor closes one. Each process has
tables of its own, which are bounded and end with it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.interface import StorageError

#: A table has at most this many keys; the next one evicts the key that was idle longest.
KEYS_LIMIT: Final = 100_000

Clock = Callable[[], float]


class RateLimit:
    """Allows `burst` requests at once per key, then one every `seconds`. `complaint` begins the error message.

    A request counts when it starts, so that a thousand at once do not evade the limit. The table stores one number per
    key: the time at which all its requests would have come at the steady rate. With a burst of 2 and 30 seconds, two
    requests at time 0 store 60; a third one is allowed once 60 + 30 is at most 2 * 30 ahead, from time 30 on.
    """

    def __init__(self, burst: int, seconds: float, complaint: str, clock: Clock = monotonic) -> None:
        self.burst = burst
        self.seconds = seconds
        self._complaint = complaint
        self._clock = clock
        self._due: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Returns in how many seconds the next request is allowed; 0 for at once. Counts nothing."""
        due = self._due.get(_short(key), 0.0)
        return max(0.0, due + self.seconds - self._clock() - self.burst * self.seconds)

    def require(self, key: Hashable) -> None:
        """Raises `Throttled` unless a request is allowed. Counts nothing."""
        wait = self.wait(key)
        if wait > 0:
            raise throttled(self._complaint, wait)

    def check(self, key: Hashable) -> None:
        """Counts a request. Raises `Throttled`, and counts nothing, if there were too many."""
        self.require(key)
        self.count(key)

    def count(self, key: Hashable) -> None:
        """Counts a request, whether it is allowed or not."""
        key, now = _short(key), self._clock()
        self._due[key] = max(self._due.get(key, now), now) + self.seconds
        self._due.move_to_end(key)
        if len(self._due) > KEYS_LIMIT:
            self._due.popitem(last=False)

    def refund(self, key: Hashable) -> None:
        """Uncounts one request."""
        key = _short(key)
        due = self._due.get(key)
        if due is None:
            return
        if due - self.seconds <= self._clock():
            del self._due[key]
        else:
            self._due[key] = due - self.seconds

    @contextmanager
    def refunding(self, key: Hashable) -> Iterator[None]:
        """Uncounts one request if the store fails inside, because the caller has to retry."""
        try:
            yield
        except StorageError:
            self.refund(key)
            raise


def throttled(complaint: str, wait: float) -> Throttled:
    """Returns the refusal of a request that is allowed in `wait` seconds."""
    seconds = max(1, math.ceil(wait))
    return Throttled(f"{complaint}; try again in {seconds} seconds.", retry_after=seconds)


def digest(*parts: str) -> bytes:
    """Returns a key of fixed size: callers may send long text, or type a password where a login belongs."""
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()


def _short(key: Hashable) -> Hashable:
    return digest(key) if isinstance(key, str) else key
