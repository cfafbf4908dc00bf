"""Writes subscriptions inside transactions: their rows, and in step with them the documents of their devices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, get_args

import msgspec

from signfleet.fleet.subscriptions import store as queries
from signfleet.fleet.subscriptions.catalogue import OWNER
from signfleet.fleet.subscriptions.lifecycle import Life, aged, due, status
from signfleet.fleet.subscriptions.schemas import DeviceReference, Status, Subscription
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold

ENTITY: Final = "Subscription"

#: Every filterable property of a device that shows its subscription, as absent.
_ABSENT = dict.fromkeys(known.path for known in OWNER.properties.values())

LAST: Status = get_args(Status)[-1]


@dataclass(frozen=True, slots=True)
class Record:
    """A subscription of a network: of a device, or in stock (`device` is None)."""

    network_id: int
    id: int
    device: DeviceReference | None
    life: Life


def from_row(row: queries.StoredSubscription) -> Record:
    """Reads a row of `subscription`."""
    return Record(
        row.network_id,
        row.id,
        None if row.device_id is None else DeviceReference(id=row.device_id, serial=row.serial),
        Life(
            row.type,
            row.activity_period,
            row.creation_date,
            row.activation_date,
            row.suspension_date,
            row.expiration_date,
        ),
    )


def stored_entity(row: queries.StoredSubscription) -> Subscription:
    """Builds the contract's entity from a row of `subscription`, with the status that the row states."""
    return _entity(from_row(row), row.status, row.last_modified_date)


def as_entity(record: Record, now: int) -> Subscription:
    """Builds the contract's entity as a write at `now` stores it."""
    life = aged(record.life, now)
    return _entity(replace(record, life=life), status(life, now) or LAST, now)


def _entity(record: Record, phase: Status, last_modified: int) -> Subscription:
    life = record.life
    return Subscription(
        id=record.id,
        device=record.device,
        type=life.type,
        activity_period=timespan.format(life.activity_period),
        status=phase,
        creation_date=datetime.format(life.creation_date),
        last_modified_date=datetime.format(last_modified),
        activation_date=_date(life.activation_date),
        suspension_date=_date(life.suspension_date),
        expiration_date=_date(life.expiration_date),
    )


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


async def insert(tx: Transaction, network_id: int, device: DeviceReference | None, life: Life, now: int) -> Record:
    """Inserts a subscription for a device or, without one, into the stock."""
    new = Record(network_id, await tx.next_id("subscription"), device, life)
    await tx.execute(
        queries.INSERT,
        network_id=network_id,
        id=new.id,
        type=life.type,
        activity_period=life.activity_period,
        creation_date=life.creation_date,
        **columns(new, now),
    )
    await counters.add(tx, network_id, ENTITY, 1)
    await _update_device(tx, new, now)
    return new


async def update(tx: Transaction, changed: Record, now: int) -> Status:
    """Writes a changed subscription and returns its status at `now`."""
    changed = replace(changed, life=aged(changed.life, now))
    await tx.execute(queries.UPDATE, in_network=changed.network_id, this_id=changed.id, **columns(changed, now))
    await _update_device(tx, changed, now)
    return status(changed.life, now) or LAST


async def delete(tx: Transaction, gone: Record, now: int) -> None:
    """Deletes a subscription; its device has none afterwards."""
    await tx.execute(queries.DELETE, in_network=gone.network_id, this_id=gone.id)
    await counters.add(tx, gone.network_id, ENTITY, -1)
    if gone.device is not None:
        await _write_to_device(tx, gone.network_id, gone.device.id, None, now)


async def release(tx: Transaction, network_id: int, ended: list[int], freed: Iterable[Record], now: int) -> None:
    """Deletes the subscriptions `ended` (ids) and writes those `freed`, whose devices are deleted."""
    if ended:
        await tx.execute(queries.DELETE_AMONG, network_id=network_id, ids=ended)
        await counters.add(tx, network_id, ENTITY, -len(ended))
    rows = [
        {
            "in_network": network_id,
            "this_id": changed.id,
            **columns(replace(changed, life=aged(changed.life, now)), now),
        }
        for changed in freed
    ]
    if rows:
        await tx.execute_many(queries.UPDATE, rows)


def columns(record: Record, now: int) -> dict[str, object]:
    """Returns the values of the columns that change in the life of a subscription."""
    device, life = record.device, record.life
    return {
        "device_id": None if device is None else device.id,
        "serial": None if device is None else device.serial,
        "serial_key": None if device is None else fold(device.serial),
        "status": status(life, now) or LAST,
        "last_modified_date": now,
        "activation_date": life.activation_date,
        "suspension_date": life.suspension_date,
        "expiration_date": life.expiration_date,
        "due_date": due(life, now),
    }


async def _update_device(tx: Transaction, record: Record, now: int) -> None:
    """Writes a subscription into the document of its device, if it has one."""
    if record.device is not None:
        await _write_to_device(tx, record.network_id, record.device.id, as_entity(record, now), now)


async def _write_to_device(
    tx: Transaction, network_id: int, device_id: int, subscription: Subscription | None, now: int
) -> None:
    """Writes the subscription of a device, None for no subscription, into its document and its filter properties."""
    known = OWNER.flatten({"subscription": msgspec.to_builtins(subscription)}) if subscription else {}
    document = None if subscription is None else encode(subscription).decode()
    ours = {"in_network": network_id, "of_device": device_id}
    await tx.execute(queries.TOUCH, **ours, now=now)
    await tx.execute(queries.MAKE_DUE, **ours, now=now)
    await tx.execute(queries.SET_DOCUMENT, **ours, document=document)
    await tx.execute(queries.SET_PROPERTIES, **ours, changes=encode(_ABSENT | known).decode())
