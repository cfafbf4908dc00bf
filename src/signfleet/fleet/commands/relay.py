"""Relays requests to web servers on players, and waits for their answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.commands import record_store as records
from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.delivery.hub import Hub
from signfleet.fleet.commands.kinds import RELAY
from signfleet.fleet.commands.outcomes import ANSWERED, OUTCOMES, finish
from signfleet.fleet.commands.queue import PENDING_LIMIT, Order, cannot, enqueue
from signfleet.fleet.commands.retention import discard_file
from signfleet.fleet.commands.schemas import RelayedAnswer
from signfleet.fleet.commands.store import AnsweredCommand
from signfleet.foundation import clock
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.errors import NotFound, Throttled
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import MINUTE, SECOND
from signfleet.web.caller.actor import acting

#: How many requests may wait at a time for one player, and for all players of a network, in one process.
OF_PLAYER: Final = 4
OF_NETWORK: Final = 64
#: Seconds after which a waiting caller looks without having been woken.
LOOK: Final = 5
#: Seconds within which a player gets a request that listens again, or to another process, and how often to look.
PICK_UP, GLANCE = 1.0, 0.1
#: How long (ms) a change that had no answer can be repeated without being done twice.
REPEATABLE: Final = MINUTE
#: Bytes of an answer that a player sends as a file.
ANSWER_LIMIT: Final = 2_097_152


class NotConnected(Exception):
    """The player listens to no server."""


class PlayerRequest(NamedTuple):
    """A request to a player. A repeat of one that `changes` something waits for the first one's answer.

    One that `restarts` the player is a repeat after its answer too, from any caller.
    """

    method: str
    route: str
    data: Any
    query: dict[str, str]
    changes: bool
    restarts: bool


class Relay:
    """Relays requests. It checks no permission: its callers know what a request does."""

    def __init__(self, store: Store, blobs: Blobs, hub: Hub) -> None:
        self._store = store
        self._blobs = blobs
        self._hub = hub
        self._waiting: Counter[tuple[str, int]] = Counter()
        #: How many callers wait for a command.
        self._callers: Counter[int] = Counter()
        #: How long to wait for an answer.
        self.seconds = RELAY.lifetime / SECOND

    async def relay(self, network_id: int, device_id: int, method: str, route: str, data: Any) -> RelayedAnswer:
        """Sends a request to a player and returns its answer; after 25 s without one, the state `expired`.

        A caller that is cancelled cancels the request. Raises `Invalid`, `NotFound`, `Throttled`, and `Conflict` if
        the player cannot do it.
        """
        request = PlayerRequest(method, route, data, {}, changes=False, restarts=False)
        row = await self._wait(network_id, device_id, request, needs_connection=False)
        if row is None:
            return RelayedAnswer(state="expired", message="the player has not answered in time")
        result = msgspec.UNSET if row.result is None else msgspec.Raw(row.result.encode())
        return RelayedAnswer(state=row.state, message=row.message, result=result)

    async def ask(self, network_id: int, device_id: int, request: PlayerRequest) -> AnsweredCommand | None:
        """Sends a request and returns its outcome; None without one in time. Raises as `relay`, and `NotConnected`."""
        return await self._wait(network_id, device_id, request, needs_connection=True)

    async def take_file(self, row: AnsweredCommand, name: str) -> bytes:
        """Returns a file that answers a request, which is JSON, and deletes it. Raises `NotFound`."""
        this = {"network_id": row.network_id, "command_id": row.id, "name": name}
        file = await self._store.one(records.FILE, **this)
        if file is None or file.size > ANSWER_LIMIT or (content := await self._blobs.get(file.blob)) is None:
            raise NotFound(f"The command {row.id} has no file '{name}' of at most {ANSWER_LIMIT} bytes.")
        await run_in_thread(_check_json, content)
        await self._store.write(lambda tx: discard_file(tx, row.network_id, row.id, file))
        return content

    async def _wait(
        self, network_id: int, device_id: int, request: PlayerRequest, *, needs_connection: bool
    ) -> AnsweredCommand | None:
        given = {"method": request.method, "route": request.route, "data": request.data}
        arguments = RELAY.read(given | ({"query": request.query} if request.query else {}))
        until = asyncio.get_running_loop().time() + self.seconds
        with self._place(network_id, device_id):
            command_id = await self._send(network_id, device_id, arguments, request)
            row = None
            self._callers[command_id] += 1
            try:
                if needs_connection and not self._hub.is_waiting(device_id):
                    await self._pick_up(network_id, device_id, command_id)
                row = await self._outcome(network_id, command_id, until)
            finally:
                self._callers[command_id] -= 1
                if not self._callers[command_id]:
                    del self._callers[command_id]
                    if row is None:
                        await asyncio.shield(self._give_up(network_id, command_id, spares_running=request.changes))
        return row

    async def _pick_up(self, network_id: int, device_id: int, command_id: int) -> None:
        """Waits a moment for a player that may listen again, or to another process. Raises `NotConnected`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PICK_UP):
                while True:
                    row = await self._store.one(queries.COMMAND, network_id=network_id, command_id=command_id)
                    if row is None or row.state != "queued":
                        return
                    if not (self._hub.may_wait(device_id) or await self._store.has_neighbours()):
                        break
                    await asyncio.sleep(GLANCE)
        raise NotConnected

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

    async def _send(self, network_id: int, device_id: int, arguments: str, request: PlayerRequest) -> int:
        """Sends a request, unless it repeats another; returns the id of its command."""
        now = clock.now()
        order = Order(RELAY, arguments, now + RELAY.lifetime, release_date=now)

        async def work(tx: Transaction) -> int:
            if request.changes:
                await tx.one(queries.LOCK_DEVICE, network_id=network_id, device_id=device_id)
                recent = await tx.all(
                    queries.RECENT, network_id=network_id, device_id=device_id, name=RELAY.name, since=now - REPEATABLE
                )
                author = fold(acting().name)
                for row in recent:
                    is_same = row.arguments == arguments and (request.restarts or row.author_key == author)
                    if is_same and (_is_unanswered(row) or (request.restarts and row.state == "succeeded")):
                        return row.id
            done = await enqueue(tx, network_id, [device_id], order, now)
            if done.unable:
                raise cannot(RELAY, done.unable[device_id])
            if done.full:
                raise Throttled(f"The player has {PENDING_LIMIT} unfinished commands.", retry_after=10)
            if device_id not in done.new:
                raise NotFound.in_network("device", str(device_id))
            return done.new[device_id]

        return await self._store.write(work)

    async def _outcome(self, network_id: int, command_id: int, until: float) -> AnsweredCommand | None:
        """Waits for the outcome; returns None if there is none until a moment of the loop's clock."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                with self._store.listening(Topic(OUTCOMES, command_id)) as woken:
                    while True:
                        woken.clear()
                        row = await self._store.one(queries.COMMAND, network_id=network_id, command_id=command_id)
                        if row is None or row.state in ANSWERED or row.state in ("expired", "cancelled"):
                            return row
                        with suppress(TimeoutError):
                            await asyncio.wait_for(woken.wait(), LOOK)
        return None

    async def _give_up(self, network_id: int, command_id: int, *, spares_running: bool) -> None:
        """Cancels a request that nobody waits for any more; a change that is running, a repeat may wait for."""

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_COMMAND, network_id=network_id, command_id=command_id)
            if row is not None and row.end_date is None and not (spares_running and row.state == "running"):
                await finish(tx, [row], "cancelled", clock.now(), message="nobody waits for the answer any more")

        await self._store.write(work)


def _is_unanswered(row: queries.RecentCommand) -> bool:
    """Returns whether no caller knows what became of a request that the player has, or may have, begun."""
    return row.state in ("queued", "sent", "running", "lost")


def _check_json(content: bytes) -> None:
    """Raises `msgspec.DecodeError` for what is not JSON."""
    msgspec.json.decode(content, type=msgspec.Raw)
