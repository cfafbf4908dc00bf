"""Slows down callers who guess or repeat: a burst of attempts per key, then one every so many seconds.

Time is the monotonic clock's: a step of the system's clock neither opens a throttle nor shuts one. Each process has
tables of its own, which are bounded and do not outlive it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled

#: A table has at most this many keys; the key that was idle longest goes first.
KEYS_LIMIT: Final = 100_000

Clock = Callable[[], float]


def digest(*parts: str) -> bytes:
    """Return a key of fixed size. What callers send may be long, and may be a password typed as a login."""
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()


class Throttle:
    """Allows `burst` attempts at once for one key, then one every `seconds`. A success is given back.

    An attempt counts from its start, so that a thousand at once are no way around the limit. One number is stored per
    key: the moment at which all its attempts would have been allowed at the steady pace.
    """

    def __init__(self, burst: int, seconds: float, subject: str, clock: Clock = monotonic) -> None:
        self._burst = burst
        self._seconds = seconds
        self._subject = subject
        self._clock = clock
        self._due: OrderedDict[bytes, float] = OrderedDict()

    def wait(self, key: str | bytes) -> float:
        """Return in how many seconds the next attempt is allowed; 0 for at once. Counts nothing."""
        due = self._due.get(_key(key), 0.0)
        return max(0.0, due + self._seconds - self._clock() - self._burst * self._seconds)

    def demand(self, key: str | bytes) -> None:
        """Raise `Throttled` unless an attempt is allowed. Counts nothing."""
        wait = self.wait(key)
        if wait > 0:
            raise throttled(self._subject, wait)

    def take(self, key: str | bytes) -> None:
        """Count an attempt. Raises `Throttled`, and counts nothing, if there were too many."""
        self.demand(key)
        self.count(key)

    def count(self, key: str | bytes) -> None:
        """Count an attempt, whether it is allowed or not."""
        key, now = _key(key), self._clock()
        self._due[key] = max(self._due.get(key, now), now) + self._seconds
        self._due.move_to_end(key)
        if len(self._due) > KEYS_LIMIT:
            self._due.popitem(last=False)

    def give_back(self, key: str | bytes) -> None:
        """Forget one attempt, because it succeeded."""
        key = _key(key)
        due = self._due.get(key)
        if due is None:
            return
        if due - self._seconds <= self._clock():
            del self._due[key]
        else:
            self._due[key] = due - self._seconds


class Turns:
    """Spaces the attempts on one key out, the more the more of them fail, and shuts no caller out for long.

    The first `free` attempts have no pause. Every `step` further attempts double the pause before the next one, from
    one second up to `longest`. The count of a key falls by one every `longest` seconds.
    """

    def __init__(self, free: int, step: int, longest: float, subject: str, clock: Clock = monotonic) -> None:
        self._free = free
        self._step = step
        self._longest = longest
        self._subject = subject
        self._clock = clock
        #: Key → when its count will be zero, and when the next attempt may be made.
        self._next: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, key: bytes, patience: float) -> float:
        """Count an attempt and return how many seconds it has to wait for its turn.

        Raises `Throttled`, and counts nothing, if that is more than `patience`.
        """
        now = self._clock()
        zero, turn = self._next.get(key, (now, now))
        wait = max(0.0, turn - now)
        if wait > patience:
            raise throttled(self._subject, wait - patience)
        zero = max(zero, now) + self._longest
        self._next[key] = zero, max(turn, now) + self._pause((zero - now) / self._longest)
        self._next.move_to_end(key)
        if len(self._next) > KEYS_LIMIT:
            self._next.popitem(last=False)
        return wait

    def give_back(self, key: bytes) -> None:
        """Forget one attempt, because it succeeded."""
        if key in self._next:
            zero, turn = self._next[key]
            self._next[key] = zero - self._longest, turn

    def _pause(self, count: float) -> float:
        if count <= self._free:
            return 0.0
        doublings = int(count - self._free) // self._step
        return min(self._longest, float(1 << min(doublings, 30)))


def throttled(subject: str, wait: float) -> Throttled:
    """Return the refusal of an attempt that may be made again in `wait` seconds."""
    seconds = max(1, math.ceil(wait))
    return Throttled(f"Too many attempts {subject}; try again in {seconds} seconds.", retry_after=seconds)


def _key(key: str | bytes) -> bytes:
    return digest(key) if isinstance(key, str) else key
