"""Keeps subscriptions in the store, inside units of work: the rows, and what devices tell of theirs, in step."""

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
from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold

ENTITY: Final = "Subscription"

#: Every property of a device that tells of its subscription, as absent.
_ABSENT = dict.fromkeys(known.path for known in OWNER.properties.values())

LAST: Status = get_args(Status)[-1]


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription of a network, of a device or waiting for one."""

    network_id: int
    id: int
    device: DeviceReference | None
    life: Life


def kept(row: Row) -> Kept:
    """From a row of `subscription`."""
    return Kept(
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


def entity(found: Kept, phase: Status, last_modified: int) -> Subscription:
    """As the contract shows it."""
    life = found.life
    return Subscription(
        id=found.id,
        device=found.device,
        type=life.type,
        activity_period=timespan.format(life.activity_period),
        status=phase,
        creation_date=datetime.format(life.creation_date),
        last_modified_date=datetime.format(last_modified),
        activation_date=_date(life.activation_date),
        suspension_date=_date(life.suspension_date),
        expiration_date=_date(life.expiration_date),
    )


def told(found: Kept, now: int) -> Subscription:
    """As the contract shows what is written down at `now`."""
    life = aged(found.life, now)
    return entity(replace(found, life=life), status(life, now) or LAST, now)


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


async def insert(tx: Transaction, network_id: int, device: DeviceReference | None, life: Life, now: int) -> Kept:
    """Add a subscription, for a device or for the stock."""
    new = Kept(network_id, await tx.next_id("subscription"), device, life)
    await tx.execute(
        queries.INSERT,
        network_id=network_id,
        id=new.id,
        type=life.type,
        activity_period=life.activity_period,
        creation_date=life.creation_date,
        **_changing(new, now),
    )
    await counters.add(tx, network_id, ENTITY, 1)
    await _tell(tx, new, now)
    return new


async def update(tx: Transaction, changed: Kept, now: int) -> Status:
    """Write a subscription down as it is from now on; gives its status."""
    changed = replace(changed, life=aged(changed.life, now))
    await tx.execute(queries.UPDATE, in_network=changed.network_id, this_id=changed.id, **_changing(changed, now))
    await _tell(tx, changed, now)
    return status(changed.life, now) or LAST


async def delete(tx: Transaction, gone: Kept, now: int) -> None:
    """Remove a subscription; its device is left without."""
    await tx.execute(queries.DELETE, in_network=gone.network_id, this_id=gone.id)
    await counters.add(tx, gone.network_id, ENTITY, -1)
    if gone.device is not None:
        await _tell_device(tx, gone.network_id, gone.device.id, None, now)


async def release(tx: Transaction, network_id: int, ended: list[int], freed: Iterable[Kept], now: int) -> None:
    """Remove the subscriptions with the ids `ended`, and write those that are `freed` down: their devices are gone."""
    if ended:
        await tx.execute(queries.DELETE_AMONG, network_id=network_id, ids=ended)
        await counters.add(tx, network_id, ENTITY, -len(ended))
    rows = [
        {
            "in_network": network_id,
            "this_id": changed.id,
            **_changing(replace(changed, life=aged(changed.life, now)), now),
        }
        for changed in freed
    ]
    if rows:
        await tx.execute_many(queries.UPDATE, rows)


def _changing(found: Kept, now: int) -> dict[str, object]:
    device, life = found.device, found.life
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


async def _tell(tx: Transaction, found: Kept, now: int) -> None:
    if found.device is not None:
        await _tell_device(tx, found.network_id, found.device.id, told(found, now), now)


async def _tell_device(
    tx: Transaction, network_id: int, device_id: int, subscription: Subscription | None, now: int
) -> None:
    """What a device says of its subscription, in its document and to filters."""
    known = OWNER.flatten({"subscription": msgspec.to_builtins(subscription)}) if subscription else {}
    document = None if subscription is None else encode(subscription).decode()
    ours = {"in_network": network_id, "of_device": device_id}
    await tx.execute(queries.TOUCH, **ours, now=now)
    await tx.execute(queries.SET_DOCUMENT, **ours, document=document)
    await tx.execute(queries.SET_PROPERTIES, **ours, changes=encode(_ABSENT | known).decode())
