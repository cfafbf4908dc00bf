"""Puts commands into the queues of devices, in transactions of its callers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.kinds import Kind
from signfleet.fleet.commands.store import SerialRow
from signfleet.fleet.devices.agent.store import UNABLE, pattern_of
from signfleet.foundation.errors import Conflict
from signfleet.foundation.quotas import QuotaReached
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record_all
from signfleet.web.caller.actor import acting

#: How many unfinished commands a device may have.
PENDING_LIMIT: Final = 100


class Order(NamedTuple):
    """What to send. Dates are in ms; without a `release_date`, the batch releases the commands."""

    kind: Kind
    #: JSON
    arguments: str
    expiration_date: int
    release_date: int | None
    batch_id: int | None = None


class Enqueued(NamedTuple):
    """What became of an order, by device: new commands, those that were pending already, and full queues.

    `unable` has, as JSON, what the players can do that cannot do this.
    """

    new: dict[int, int]
    pending: dict[int, int]
    full: list[int]
    unable: dict[int, str]


async def enqueue(tx: Transaction, network_id: int, device_ids: list[int], order: Order, now: int) -> Enqueued:
    """Inserts a command for each device that exists and whose player can do it.

    Locks the devices until the transaction ends.
    """
    these: dict[str, Any] = {"network_id": network_id, "ids": device_ids}
    devices = await tx.all(queries.LOCK_DEVICES, **these)
    lengths = {row.device_id: row for row in await tx.all(queries.QUEUE_LENGTHS, **these, name=order.kind.name)}
    unable = await tx.all(UNABLE, **these, pattern=pattern_of(order.kind.name))
    done = Enqueued({}, {}, [], {row.device_id: row.can for row in unable})
    wanted = []
    for device in devices:
        if device.id in done.unable:
            continue
        length = lengths.get(device.id)
        if length is not None and order.kind.coalesces and length.same is not None:
            done.pending[device.id] = length.same
        elif length is not None and length.pending >= PENDING_LIMIT:
            done.full.append(device.id)
        else:
            wanted.append(device)
    if not wanted:
        return done
    ids = await tx.next_ids("command", len(wanted))
    done.new.update(zip((device.id for device in wanted), ids, strict=True))
    await tx.execute_many(
        queries.INSERT, [_row(network_id, device, done.new[device.id], order, now) for device in wanted]
    )
    if order.release_date is not None:
        await offer(tx, network_id, list(done.new))
    arguments = order.kind.shown(order.arguments)
    entries = [
        AuditEntry(
            "Create",
            "Command",
            done.new[device.id],
            order.kind.name,
            None,
            {"device": device.serial, "arguments": arguments, "batch": order.batch_id},
            device_id=device.id,
        )
        for device in wanted
    ]
    await record_all(tx, network_id, entries, now)
    return done


def cannot(kind: Kind, can: str) -> Conflict:
    """Returns the error for a command to a player that can only do others, which `can` lists as JSON."""
    others = ", ".join(msgspec.json.decode(can, type=list[str])) or "none at all"
    return Conflict(f"The player cannot do the command '{kind.name}'; those that it can do are: {others}.")


def _row(network_id: int, device: SerialRow, command_id: int, order: Order, now: int) -> dict[str, Any]:
    """Returns the row of a new command."""
    author = acting().name
    return {
        "network_id": network_id,
        "id": command_id,
        "device_id": device.id,
        "serial": device.serial,
        "serial_key": fold(device.serial),
        "name": order.kind.name,
        "command_group": order.kind.group,
        "arguments": order.arguments,
        "state": "queued",
        "author": author,
        "author_key": fold(author),
        "creation_date": now,
        "release_date": order.release_date,
        "expiration_date": order.expiration_date,
        "due_date": None if order.release_date is None else order.expiration_date,
        "batch_id": order.batch_id,
    }


def full_queue() -> QuotaReached:
    """Returns the error for a device that can get no further command."""
    return QuotaReached(f"The device has {PENDING_LIMIT} unfinished commands; cancel some, or wait.")


async def offer(tx: Transaction, network_id: int, device_ids: list[int]) -> None:
    """Marks devices that are locked, so that their reports look for commands, and wakes their players.

    The transaction has taken an id of commands.
    """
    await tx.execute(queries.MARK, in_network=network_id, ids=device_ids)
    for device_id in device_ids:
        tx.announce(topic_of(device_id))


def topic_of(device_id: int) -> Topic:
    """Returns what to listen to for the commands of a device."""
    return Topic("command", device_id)
