"""Records events in the transactions that make the changes, so that both commit or neither."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.notify.events import store as queries
from signfleet.notify.events.kinds import EventData

#: The topic of the events of all networks.
ALL_EVENTS = Topic("event", 0)


class Event(NamedTuple):
    """What happened, and the device it happened to; a serial alone for a player that is no device."""

    data: EventData
    device_id: int | None = None
    serial: str | None = None


async def record(tx: Transaction, network_id: int, *events: Event, now: int) -> None:
    """Records events in their order, and wakes who waits for events of the network; `now` is in ms.

    Without events it does nothing.
    """
    if not events:
        return
    ids = await tx.next_ids("event", len(events))
    rows = [
        {
            "network_id": network_id,
            "id": id_,
            "date": now,
            "kind": type(event.data).__name__,
            "device_id": event.device_id,
            "serial": event.serial,
            "serial_key": None if event.serial is None else fold(event.serial),
            "name": event.data.name,
            "name_key": None if event.data.name is None else fold(event.data.name),
            "data": encode(event.data).decode(),
        }
        for id_, event in zip(ids, events, strict=True)
    ]
    await tx.execute_many(queries.INSERT, rows)
    tx.announce(topic_of(network_id))
    tx.announce(ALL_EVENTS)


def topic_of(network_id: int) -> Topic:
    """Returns what to listen to for the events of a network."""
    return Topic("event", network_id)
