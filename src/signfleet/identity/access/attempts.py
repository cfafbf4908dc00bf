"""Admits attempts to prove a password: limits on guessing that leave the owner of a login a way in.

Three limits apply to an attempt (docs/adr/0012): per login and address, per address, and per login over all addresses.
The last one only spaces attempts out, and it does not apply at an address where the login has signed in before.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from signfleet.foundation.clock import monotonic
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.wire.address import subscriber
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.identity.access.throttle import KEYS_LIMIT, Clock, Throttle, Turns, digest

#: Attempts for one login from one address, and the seconds after which one more is allowed.
PER_LOGIN_AND_ADDRESS: Final = (10, 60.0)
#: Attempts from one address, whatever the login.
PER_ADDRESS: Final = (50, 10.0)
#: Attempts for one login from addresses where it has not signed in yet: this many without a pause, then with pauses
#: that double with every so many attempts more, up to the longest, in seconds.
FREE, STEP, LONGEST_PAUSE = 20, 10, 60.0
#: A request waits at most this many seconds for its turn, which is less than a stopping server grants it.
PATIENCE = 8.0
#: This many requests may wait for their turn; the next one is refused.
WAITING_LIMIT: Final = 500
#: No login is longer. Longer text is cut first.
LOGIN_LIMIT: Final = 254


class Attempts:
    """Counts attempts in this process. A restart forgets them; each attempt costs a password hash all the same."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._pairs = Throttle(*PER_LOGIN_AND_ADDRESS, "to sign in as this person", clock)
        self._addresses = Throttle(*PER_ADDRESS, "to sign in from this address", clock)
        self._logins = Turns(FREE, STEP, LONGEST_PAUSE, "to sign in as this person", clock)
        #: Digests of logins with addresses where they have signed in, the latest last.
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._waiting = 0

    @asynccontextmanager
    async def attempt(self, login: str, address: str) -> AsyncIterator[int]:
        """Admit one attempt, perhaps after a pause, and yield the pause in ms. Raises `Throttled`.

        The attempt succeeds if the block ends without an error. It counts as failed otherwise, unless the server was
        at fault.
        """
        place = subscriber(address)
        mailbox = mailbox_key(login.strip()[: LOGIN_LIMIT + 1])
        key, pair = digest(mailbox), digest(mailbox, place)
        known = pair in self._known
        self._pairs.demand(pair)
        if not known:  # other people's failures behind the same address do not shut the owner out
            self._addresses.demand(place)
        # Refused attempts above add no keys: pushing a key out of the tables costs a hash for each other.
        self._pairs.count(pair)
        self._addresses.count(place)
        pause = 0.0 if known else self._logins.take(key, PATIENCE)
        try:
            await self._wait(pause)
            yield int(pause * 1000)
        except (StorageError, Throttled):
            self._give_back(key, pair, place, known)
            raise
        self._give_back(key, pair, place, known)
        self._remember(pair)

    def trust(self, login: str, address: str) -> None:
        """Remember that the owner of `login` is at `address`, as a sign-in does: they followed a mailed link there."""
        self._remember(digest(mailbox_key(login), subscriber(address)))

    def _give_back(self, key: bytes, pair: bytes, place: str, known: bool) -> None:
        self._pairs.give_back(pair)
        self._addresses.give_back(place)
        if not known:
            self._logins.give_back(key)

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
