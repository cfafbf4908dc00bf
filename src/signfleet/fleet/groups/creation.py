"""Inserts groups, inside the transactions of other services: bootstrap, networks, and players that register."""

from __future__ import annotations

from typing import Final

from signfleet.fleet.groups import store as queries
from signfleet.foundation.errors import Invalid
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.ids import DOT_SEGMENTS, id_of
from signfleet.foundation.wire.text import fold

#: The group that every network has. A player that registers without naming a group joins it.
DEFAULT_GROUP: Final = "Default"

#: Path segments below /Groups/Regular/ with a meaning of their own.
RESERVED: Final = frozenset({"count", "operations", *DOT_SEGMENTS})


def check_name(name: str, member: str = "name") -> str:
    """Returns a new name of a group, trimmed. Raises `Invalid` if addresses could not name the group by it."""
    name = name.strip()
    if not 1 <= len(name) <= 128 or not name.isprintable() or "/" in name:
        raise Invalid(f"'{member}': a group's name has 1 to 128 printable characters and no '/'.")
    if id_of(name) is not None:
        raise Invalid(f"'{member}': a group cannot be named '{name}', which addresses read as an id.")
    if fold(name) in RESERVED:
        raise Invalid(f"'{member}': a group cannot be named '{name}', which has a meaning of its own in addresses.")
    return name


async def check_group_quota(tx: Transaction, network_id: int, limit: int) -> None:
    """Raises `QuotaReached` unless the network may have one more group.

    Locks the network's counter of groups, so that no other transaction adds a group before this one ends.
    """
    await counters.add(tx, network_id, "Group", 0)
    row = await tx.one(queries.COUNT_GROUPS, network_id=network_id)
    check_quota(row.total if row else 0, limit, "groups in this network", "groups_per_network")


async def insert_group(tx: Transaction, network_id: int, name: str, now: int, description: str | None = None) -> int:
    """Inserts a group and returns its id. Raises `Duplicate`."""
    group_id = await tx.next_id("device_group")
    await tx.execute(
        queries.INSERT_GROUP,
        network_id=network_id,
        id=group_id,
        name=name,
        name_key=fold(name),
        name_order=order_key(name),
        description=description,
        creation_date=now,
        last_modified_date=now,
    )
    return group_id


async def insert_default_group(tx: Transaction, network_id: int, now: int) -> int:
    """Inserts the group `Default` of a new network; returns its id."""
    return await insert_group(tx, network_id, DEFAULT_GROUP, now)
