"""Relays requests to web servers on players, and waits for their answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.kinds import RELAY
from signfleet.fleet.commands.outcomes import OUTCOMES, finish
from signfleet.fleet.commands.queue import PENDING_LIMIT, Order, cannot, enqueue
from signfleet.fleet.commands.schemas import RelayedAnswer
from signfleet.fleet.commands.store import AnsweredCommand
from signfleet.foundation import clock
from signfleet.foundation.errors import NotFound, Throttled
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.timespan import SECOND

#: How many requests may wait at a time for one player, and for all players of a network, in one process.
OF_PLAYER: Final = 4
OF_NETWORK: Final = 64
#: Seconds after which a waiting caller looks without having been woken.
LOOK: Final = 5


class Relay:
    """Relays requests. It checks no permission: its callers know what a request does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: Counter[tuple[str, int]] = Counter()
        #: How long to wait for an answer.
        self.seconds = RELAY.lifetime / SECOND

    async def relay(self, network_id: int, device_id: int, method: str, route: str, data: Any) -> RelayedAnswer:
        """Sends a request to a player and returns its answer; after 25 s without one, the state `expired`.

        A caller that is cancelled cancels the request. Raises `Invalid`, `NotFound`, `Throttled`, and `Conflict` if
        the player cannot do it.
        """
        arguments = RELAY.read({"method": method, "route": route, "data": data})
        with self._place(network_id, device_id):
            command_id = await self._send(network_id, device_id, arguments)
            row = None
            try:
                row = await self._outcome(network_id, command_id)
            finally:
                if row is None:
                    await asyncio.shield(self._give_up(network_id, command_id))
        if row is None:
            return RelayedAnswer(state="expired", message="the player has not answered in time")
        result = msgspec.UNSET if row.result is None else msgspec.Raw(row.result.encode())
        return RelayedAnswer(state=row.state, message=row.message, result=result)

    @contextmanager
    def _place(self, network_id: int, device_id: int) -> Iterator[None]:
        """Takes a place among the waiting requests."""
        keys = (("device", device_id), ("network", network_id))
        if self._waiting[keys[0]] >= OF_PLAYER or self._waiting[keys[1]] >= OF_NETWORK:
            raise Throttled("Too many requests wait for answers of players; try again in a second.", retry_after=1)
        self._waiting.update(keys)
        try:
            yield
        finally:
            self._waiting.subtract(keys)
            for key in keys:
                if not self._waiting[key]:
                    del self._waiting[key]

    async def _send(self, network_id: int, device_id: int, arguments: str) -> int:
        now = clock.now()
        order = Order(RELAY, arguments, now + RELAY.lifetime, release_date=now)

        async def work(tx: Transaction) -> int:
            done = await enqueue(tx, network_id, [device_id], order, now)
            if done.unable:
                raise cannot(RELAY, done.unable[device_id])
            if done.full:
                raise Throttled(f"The player has {PENDING_LIMIT} unfinished commands.", retry_after=10)
            if device_id not in done.new:
                raise NotFound.in_network("device", str(device_id))
            return done.new[device_id]

        return await self._store.write(work)

    async def _outcome(self, network_id: int, command_id: int) -> AnsweredCommand | None:
        """Waits for the outcome; returns None if there is none in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                with self._store.listening(Topic(OUTCOMES, command_id)) as woken:
                    while True:
                        woken.clear()
                        row = await self._store.one(queries.COMMAND, network_id=network_id, command_id=command_id)
                        if row is None or row.end_date is not None:
                            return row
                        with suppress(TimeoutError):
                            await asyncio.wait_for(woken.wait(), LOOK)
        return None

    async def _give_up(self, network_id: int, command_id: int) -> None:
        """Cancels a request that nobody waits for any more."""

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_COMMAND, network_id=network_id, command_id=command_id)
            if row is not None and row.end_date is None:
                await finish(tx, [row], "cancelled", clock.now(), message="nobody waits for the answer any more")

        await self._store.write(work)
