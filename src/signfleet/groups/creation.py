"""New groups, inside units of work."""

from __future__ import annotations

from typing import Final

from signfleet.groups import store as queries
from signfleet.storage.interface import Transaction
from signfleet.wire.text import fold

#: The group that every network has, and that players come into that name none.
DEFAULT_GROUP: Final = "Default"


async def insert_group(tx: Transaction, network_id: int, name: str, now: int, description: str | None = None) -> int:
    """Insert a group and give its id. Raises `Duplicate`."""
    group_id = await tx.next_id("device_group")
    await tx.execute(
        queries.INSERT_GROUP,
        network_id=network_id,
        id=group_id,
        name=name,
        name_key=fold(name),
        description=description,
        creation_date=now,
        last_modified_date=now,
    )
    return group_id
