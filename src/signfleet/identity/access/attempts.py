"""Limits guesses of passwords without locking out the owner of a login.

Three limits apply to an attempt (docs/adr/0012): per login and address, per address, and per login over all addresses.
The last one only delays attempts, and it does not apply at an address where the login has signed in before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled
from signfleet.foundation.rate_limit import KEYS_LIMIT, Clock, RateLimit, digest
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.wire.address import subscriber
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.identity.access.back_off import BackOff

#: Attempts for one login from one address: the burst, and the seconds between further ones.
PER_LOGIN_AND_ADDRESS: Final = (10, 60.0)
#: Attempts from one address for all logins, likewise.
PER_ADDRESS: Final = (50, 10.0)
#: Attempts for one login from addresses where it has not signed in yet: `FREE` without a pause, then with pauses that
#: double every `STEP` attempts, up to the longest, in seconds.
FREE, STEP, LONGEST_PAUSE = 20, 10, 60.0
#: A request waits at most this many seconds, less than the grace period of a server that stops.
PATIENCE = 8.0
#: This many requests may wait at once; the next one is refused.
WAITING_LIMIT: Final = 500
#: The maximum length of a login. Longer text is truncated.
LOGIN_LIMIT: Final = 254


class Attempts:
    """Counts attempts in this process. A restart clears the counts, but each attempt still costs a password hash."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._pairs = RateLimit(*PER_LOGIN_AND_ADDRESS, "Too many attempts to sign in as this person", clock)
        self._addresses = RateLimit(*PER_ADDRESS, "Too many attempts to sign in from this address", clock)
        self._logins = BackOff(FREE, STEP, LONGEST_PAUSE, "Too many attempts to sign in as this person", clock)
        #: Digests of logins with addresses where they have signed in, the most recent last.
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._waiting = 0

    @asynccontextmanager
    async def attempt(self, login: str, address: str) -> AsyncIterator[int]:
        """Allows one attempt, perhaps after a pause, and yields the pause in ms. Raises `Throttled`.

        An attempt counts as failed if the block raises, unless the server caused the error.
        """
        place = subscriber(address)
        mailbox = mailbox_key(login.strip()[: LOGIN_LIMIT + 1])
        key, pair = digest(mailbox), digest(mailbox, place)
        known = pair in self._known
        self._pairs.require(pair)
        if not known:  # failures of other people behind the same address do not lock the owner out
            self._addresses.require(place)
        # Attempts refused above add no keys: to evict a key from the tables costs a password hash for each other key.
        self._pairs.count(pair)
        self._addresses.count(place)
        pause = 0.0 if known else self._logins.count(key, PATIENCE)
        try:
            await self._wait(pause)
            yield int(pause * 1000)
        except (StorageError, Throttled):
            self._refund(key, pair, place, known)
            raise
        self._refund(key, pair, place, known)
        self._remember(pair)

    def trust(self, login: str, address: str) -> None:
        """Marks `address` as known for `login`, as a sign-in does: the owner has followed a mailed link there."""
        self._remember(digest(mailbox_key(login), subscriber(address)))

    def _refund(self, key: bytes, pair: bytes, place: str, known: bool) -> None:
        self._pairs.refund(pair)
        self._addresses.refund(place)
        if not known:
            self._logins.refund(key)

    def _remember(self, pair: bytes) -> None:
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > KEYS_LIMIT:
            self._known.popitem(last=False)

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self._waiting >= WAITING_LIMIT:
            raise Throttled("Too many people are signing in at this moment; try again shortly.", retry_after=2)
        self._waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1
