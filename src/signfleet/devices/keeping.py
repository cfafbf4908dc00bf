"""Writes down what has changed of a device, inside units of work: its dates, its version, a part of its document."""

from __future__ import annotations

from signfleet.devices import store as queries
from signfleet.devices.documents import identity
from signfleet.storage.interface import Row, Transaction
from signfleet.wire import datetime


def next_moment(row: Row, now: int) -> int:
    """When a change of the device counts as made."""
    return datetime.next_moment(row.changed_date, now)


async def keep_part(tx: Transaction, row: Row, part: str, document: str, moment: int) -> None:
    """Replace a part of the document (a name in `store.CHANGE_PART`) of a row of `store.DEVICE_TO_CHANGE`.

    The device's own columns have to follow: with `touch`, unless the change writes them anyway.
    """
    await tx.execute(
        queries.CHANGE_PART[part],
        in_network=row.network_id,
        of_device=row.id,
        new_identity=identity(
            id_=row.id,
            serial=row.serial,
            model=row.model,
            family=row.family,
            registration_date=row.registration_date,
            last_modified_date=moment,
        ),
        new_part=document,
    )


async def touch(tx: Transaction, row: Row, moment: int) -> None:
    """Count a change of tags or permissions."""
    await tx.execute(queries.TOUCH_DEVICE, in_network=row.network_id, of_device=row.id, moment=moment)
