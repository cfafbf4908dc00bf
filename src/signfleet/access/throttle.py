"""Slows down whoever guesses: so many attempts in so long a time, per login and per address."""

from __future__ import annotations

from collections import OrderedDict, deque

from signfleet.errors import Throttled

#: So many keys are remembered; the one that was idle longest goes first.
KEYS_LIMIT = 100_000


class Throttle:
    """Allows `limit` attempts in `window` ms for one key. An attempt that succeeds is given back.

    An attempt counts from its start, so that a thousand at once are not a way around. What is remembered is this
    process's own.
    """

    def __init__(self, limit: int, window: int, subject: str) -> None:
        self._limit = limit
        self._window = window
        self._subject = subject
        self._attempts: OrderedDict[str, deque[int]] = OrderedDict()

    def take(self, key: str, now: int) -> None:
        """Count an attempt at `now` (ms). Raises `Throttled` when there were too many."""
        attempts = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while attempts and attempts[0] <= now - self._window:
            attempts.popleft()
        if len(attempts) >= self._limit:
            wait = -(-(attempts[0] + self._window - now) // 1000)
            raise Throttled(f"Too many attempts {self._subject}; try again in {wait} seconds.", retry_after=wait)
        attempts.append(now)
        if len(self._attempts) > KEYS_LIMIT:
            self._attempts.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Forget the last attempt: it succeeded."""
        attempts = self._attempts.get(key)
        if attempts:
            attempts.pop()
        if not attempts:
            self._attempts.pop(key, None)
