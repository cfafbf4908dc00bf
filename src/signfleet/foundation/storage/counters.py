"""Maintained counters per network and entity, updated with each change, so that no list needs COUNT(*)."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network_total

#: Counts the changes of a network's permissions, not instances: caches derived from them are valid while it stays.
PERMISSION_CHANGES = "permission changes"

#: Counts the changes of a network's devices that are added up in its counts, as a version of those counts.
COUNTED_CHANGES = "counted changes of devices"

#: Counts bytes, not instances; without thumbnails.
PICTURE_BYTES = "bytes of pictures"

#: Counts the bytes of the files that players have sent with commands.
COMMAND_BYTES = "bytes of command files"

TOTAL = Query(
    select(network_total.c.total).where(
        network_total.c.network_id == bindparam("network_id"), network_total.c.entity == bindparam("entity")
    )
)
_ADD = Query(
    insert(network_total)
    .values(network_id=bindparam("network_id"), entity=bindparam("entity"), total=bindparam("change"))
    .on_conflict_do_update(
        index_elements=[network_total.c.network_id, network_total.c.entity],
        set_={"total": network_total.c.total + bindparam("change")},
    )
)


async def add(tx: Transaction, network_id: int, entity: str, change: int) -> None:
    """Adds `change`, which may be negative, to the counter of `entity` in the network."""
    await tx.execute(_ADD, network_id=network_id, entity=entity, change=change)
