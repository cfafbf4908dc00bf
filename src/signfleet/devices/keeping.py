"""Writes down what has changed of a device, inside units of work: its dates, its version, a part of its document."""

from __future__ import annotations

from signfleet.devices import store as queries
from signfleet.devices.documents import identity
from signfleet.storage.interface import Row, Transaction


def next_moment(row: Row, now: int) -> int:
    """When a change counts as made: in a later second than the last, so that HTTP dates tell the two apart."""
    moment: int = max(now, (row.changed_date // 1000 + 1) * 1000)
    return moment


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
