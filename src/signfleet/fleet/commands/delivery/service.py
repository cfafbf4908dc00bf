"""Hands commands to players, and takes what players say of them.

At least once on the wire: a command is handed out again until its player says that it has begun. Once in effect: the
player stores the id before it acts, and answers a repeat from there (docs/player-protocol.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.batches import Batches
from signfleet.fleet.commands.delivery.hub import Hub
from signfleet.fleet.commands.outcomes import ANSWERED, GIVEN_UP, begin, finish
from signfleet.fleet.commands.schemas import RESULT_LIMIT, Acknowledged, PendingCommand, Progress
from signfleet.foundation import clock
from signfleet.foundation.errors import Conflict, NotFound, TooLarge, Unauthenticated
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode

#: How many commands a player gets at once; the next ones follow when it has begun these.
AT_ONCE: Final = 16
#: How many commands one transaction ends.
ENDED_AT_ONCE: Final = 200


class Delivery:
    """The way of commands to players and back. Raises `Unauthenticated` for a device that was deleted."""

    def __init__(self, store: Store, hub: Hub, batches: Batches, rate_limit: RateLimit) -> None:
        self._store = store
        self._hub = hub
        self._batches = batches
        self._rate_limit = rate_limit

    async def waiting(self, network_id: int, device_id: int, now: int) -> list[PendingCommand]:
        """Returns the commands that a device may begin, the oldest first, and records that it has got them."""
        these = {"network_id": network_id, "device_id": device_id}
        rows = await self._store.all(queries.WAITING, **these, now=now, limit=AT_ONCE)
        queued = [row.id for row in rows if row.state == "queued"]
        if queued:
            await self._store.write(lambda tx: tx.execute(queries.SET_SENT, in_network=network_id, ids=queued, now=now))
        return _pending(rows)

    async def poll(self, network_id: int, device_id: int, seconds: float) -> list[PendingCommand]:
        """Returns the commands that a device may begin; waits up to `seconds` for the first one."""
        self._rate_limit.check(device_id)
        deadline = asyncio.get_running_loop().time() + seconds
        with self._hub.waiting(device_id) as event:
            while True:
                event.clear()
                commands = await self.waiting(network_id, device_id, clock.now())
                left = deadline - asyncio.get_running_loop().time()
                if commands or left <= 0:
                    return commands
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), left)

    async def progress(
        self, network_id: int, device_id: int, command_id: int, progress: Progress, now: int
    ) -> Acknowledged:
        """Records what a player says of a command. A repeat gets the stored state, and changes nothing.

        Raises `NotFound`, and `Conflict` for the beginning of a command that the server has given up on.
        """
        self._rate_limit.check(device_id)
        result = None if progress.result is None else encode(progress.result).decode()
        if result is not None and len(result.encode()) > RESULT_LIMIT:
            raise TooLarge(f"'result' has more than {RESULT_LIMIT} bytes; send a file.")

        async def work(tx: Transaction) -> tuple[Acknowledged, int | None]:
            await lock_device(tx, network_id, device_id)
            row = await tx.one(queries.LOCK_COMMAND, network_id=network_id, command_id=command_id)
            if row is None or row.device_id != device_id:
                raise NotFound(f"This player has no command {command_id}.")
            if row.state in ANSWERED or row.state == progress.state:
                return Acknowledged(id=row.id, state=row.state), None
            if progress.state == "running":
                if row.state in GIVEN_UP or row.expiration_date <= now:
                    state = row.state if row.state in GIVEN_UP else "expired"
                    raise Conflict(f"The command is {state}: do not begin it.")
                await begin(tx, row, progress.message, now)
            else:
                await finish(tx, [row], progress.state, now, message=progress.message, result=result)
            return Acknowledged(id=row.id, state=progress.state), row.batch_id

        answer, batch_id = await self._store.write(work)
        if batch_id is not None and answer.state in ANSWERED:
            await self._batches.advance(network_id, batch_id, now)
        return answer

    async def sweep(self, now: int) -> None:
        """Ends commands whose time is over, and wakes players whose commands' moment has come."""
        while rows := await self._store.all(queries.DUE, now=now, limit=ENDED_AT_ONCE):
            by_network: dict[int, list[int]] = {}
            for row in rows:
                by_network.setdefault(row.network_id, []).append(row.id)
            ended = 0
            for network_id, ids in by_network.items():
                ended += await self._end(network_id, ids, now)
            if not ended:  # another process ends them
                break
        await self._batches.sweep(now)
        await self._hub.sweep(now)

    async def _end(self, network_id: int, ids: list[int], now: int) -> int:
        """Ends those of some commands that are still due; returns how many."""

        async def work(tx: Transaction) -> int:
            rows = await tx.all(queries.LOCK_DUE, network_id=network_id, ids=ids, now=now)
            lost = [row for row in rows if row.state == "running"]
            expired = [row for row in rows if row.state in ("queued", "sent")]
            await finish(tx, lost, "lost", now, message="the player has begun, but not said how it ended")
            await finish(tx, expired, "expired", now, message="the player has not begun in time")
            return len(rows)

        return await self._store.write(work)


async def take(tx: Transaction, network_id: int, device_id: int, now: int) -> list[PendingCommand]:
    """Returns the commands that a device may begin, in the transaction of a report that has locked the device."""
    rows = await tx.all(queries.WAITING, network_id=network_id, device_id=device_id, now=now, limit=AT_ONCE)
    queued = [row.id for row in rows if row.state == "queued"]
    if queued:
        await tx.execute(queries.SET_SENT, in_network=network_id, ids=queued, now=now)
    if not rows:
        await tx.execute(queries.UNMARK, in_network=network_id, of_device=device_id)
    return _pending(rows)


async def lock_device(tx: Transaction, network_id: int, device_id: int) -> None:
    """Locks the device of a player until the transaction ends. Raises `Unauthenticated` if it was deleted."""
    if await tx.one(queries.LOCK_DEVICE, network_id=network_id, device_id=device_id) is None:
        raise Unauthenticated("This device was deleted; register again.")


def _pending(rows: Sequence[queries.DeliverableCommand]) -> list[PendingCommand]:
    return [
        PendingCommand(
            id=row.id,
            name=row.name,
            arguments=msgspec.Raw(row.arguments.encode()),
            created_at=datetime.format(row.creation_date),
            expires_at=datetime.format(row.expiration_date),
        )
        for row in rows
    ]
