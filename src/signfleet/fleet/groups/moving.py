"""Moves the devices of a deleted group to the group `Default`, inside the deletion's transaction."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.schemas import GroupReference
from signfleet.fleet.devices.store import GROUP_BY_NAME
from signfleet.fleet.groups import store as queries
from signfleet.fleet.groups.creation import DEFAULT_GROUP
from signfleet.fleet.groups.store import CountRow, GroupRow
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


async def move_to_default(
    tx: Transaction,
    session: Session,
    permissions: Permissions,
    group: GroupRow,
    now: int,
    *,
    movable: Scope,
    count_movable: Query[CountRow],
) -> dict[str, Any] | None:
    """Moves all devices of a locked group, if it has any; returns what the audit trail records of it.

    Raises `Forbidden` unless all of them are in the scope `movable`, which `count_movable` counts, and the caller may
    view the group `Default`.
    """
    here = {"network_id": group.network_id, "group_id": group.id}
    if not tx.alone:
        await tx.all(queries.LOCK_DEVICES, **here)
    members = await tx.one(queries.MEMBERS, **here)
    if members is None or not members.devices:
        return None
    allowed = await tx.one(count_movable, network_id=group.network_id, ids=[group.id], **movable.parameters)
    default = await tx.one(GROUP_BY_NAME, network_id=group.network_id, name_key=fold(DEFAULT_GROUP))
    default = await permissions.visible(session, VIEW_GROUP, default, tx)
    if default is None or allowed is None or allowed.devices < members.devices:
        raise Forbidden(
            f"The devices of the group '{group.name}' move to '{DEFAULT_GROUP}' when it is deleted, and you are not"
            " allowed to move all of them."
        )
    # One date for all devices, later than the last change of any. An odd date (`| 1`) marks several states in one
    # second, which may be true of some device in the second of the last change.
    moment = datetime.next_moment(members.changed_date | 1, now)
    date = datetime.format(moment)
    target = GroupReference(id=default.id, name=default.name)
    old, new = (
        f'"group":{encode(reference).decode()}' for reference in (GroupReference(id=group.id, name=group.name), target)
    )
    settings = {"lastModifiedDate": date, "group": {"id": target.id, "name": target.name, "link": None}}
    for query in queries.MOVE_DEVICES:
        await tx.execute(
            query,
            in_network=group.network_id,
            this_id=group.id,
            old_text=old,
            new_text=new,
            new_date=f'"lastModifiedDate":"{date}"',
            changes=encode(DEVICES.flatten({"settings": settings})).decode(),
            new_group_id=default.id,
            moment=moment,
        )
    return {"devicesMoved": members.devices, "movedTo": default.name}
