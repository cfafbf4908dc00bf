"""Writes to devices which group they are in: a group's new name, or another group. Some devices at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.schemas import GroupReference
from signfleet.fleet.devices.store import GROUP_BY_NAME, TargetGroup
from signfleet.fleet.groups import store as queries
from signfleet.fleet.groups.creation import DEFAULT_GROUP
from signfleet.fleet.groups.store import CountRow, GroupRow, LockedMember
from signfleet.foundation.errors import Forbidden
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import VIEW_GROUP
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session


async def rename_in(tx: Transaction, group: GroupRow, ids: Sequence[int], name: str, now: int) -> None:
    """Writes the name of a group to the documents and properties of some of its devices."""
    document, *others = queries.RENAME_IN_DEVICES
    changes = encode(DEVICES.flatten({"settings": {"group": {"name": name}}})).decode()
    these: dict[str, Any] = {"in_network": group.network_id, "this_id": group.id, "ids": ids}
    for old in await _texts(tx, group, ids):
        await tx.execute(document, **these, old_text=old, new_text=_text(group.id, name))
    for query in others:
        await tx.execute(query, **these, changes=changes, now=now)


async def default_group(tx: Transaction, session: Session, permissions: Permissions, group: GroupRow) -> TargetGroup:
    """Locks the group `Default`, FOR SHARE. Raises `Forbidden` if the caller may not view it."""
    default = await tx.one(GROUP_BY_NAME, network_id=group.network_id, name_key=fold(DEFAULT_GROUP))
    default = await permissions.visible(session, VIEW_GROUP, default, tx)
    if default is None:
        raise not_movable(group.name)
    return default


async def move_to(
    tx: Transaction,
    group: GroupRow,
    members: Sequence[LockedMember],
    target: TargetGroup,
    now: int,
    *,
    movable: Scope,
    count_movable: Query[CountRow],
) -> None:
    """Moves some devices of a group, which are locked. Raises `Forbidden` unless the scope `movable` has them all.

    `count_movable` counts those that it has.
    """
    ids = [member.id for member in members]
    allowed = await tx.one(count_movable, network_id=group.network_id, ids=ids, **movable.parameters)
    if allowed is None or allowed.devices < len(ids):
        raise not_movable(group.name)
    # One date for all devices, later than the last change of any. An odd date (`| 1`) marks several states in one
    # second, which may be true of some device in the second of the last change.
    moment = datetime.next_moment(max(member.changed_date for member in members) | 1, now)
    date = datetime.format(moment)
    settings = {"lastModifiedDate": date, "group": {"id": target.id, "name": target.name, "link": None}}
    document, *others = queries.MOVE_DEVICES
    these: dict[str, Any] = {"in_network": group.network_id, "this_id": group.id, "ids": ids}
    new_date, new = f'"lastModifiedDate":"{date}"', _text(target.id, target.name)
    for old in await _texts(tx, group, ids):
        await tx.execute(document, **these, old_text=old, new_text=new, new_date=new_date)
    changes = encode(DEVICES.flatten({"settings": settings})).decode()
    for query in others:
        await tx.execute(query, **these, changes=changes, new_group_id=target.id, moment=moment, now=now)


def not_movable(name: str) -> Forbidden:
    """Returns the error for a group whose devices the caller may not move all."""
    return Forbidden(
        f"The devices of the group '{name}' move to '{DEFAULT_GROUP}' when it is deleted, and you are not allowed to"
        " move all of them."
    )


async def _texts(tx: Transaction, group: GroupRow, ids: Sequence[int]) -> list[str]:
    """Returns how documents refer to the group: with its name, or with an older one that a job has yet to replace."""
    rows = await tx.all(queries.NAMES_IN_DOCUMENTS, network_id=group.network_id, ids=ids)
    return [_text(group.id, row.name) for row in rows]


def _text(group_id: int, name: str) -> str:
    return f'"group":{encode(GroupReference(id=group_id, name=name)).decode()}'
