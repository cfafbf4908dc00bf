"""The jobs of large groups: writing a new name to the devices, and moving them out of a deleted group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signfleet.fleet.groups import store as queries
from signfleet.fleet.groups.moving import default_group, move_to, not_movable, rename_in
from signfleet.fleet.groups.store import CountRow, GroupRow
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import CHANGE_TARGET_GROUP, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.jobs.kinds import Progress, Run, Step
from signfleet.web.caller.session import Session

RENAME = "rename group"
DELETE = "delete group"

#: Returns the query that a function builds for a scope; caches it.
Build = Callable[[Callable[[Scope], Query[Any]], Scope], Query[Any]]


async def movable_by(permissions: Permissions, session: Session) -> Scope:
    """Returns the scope of the devices that a caller may move to another group, as by a PUT."""
    movable = await permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
    for operation in (UPDATE_DEVICE, CHANGE_TARGET_GROUP):
        movable &= await permissions.scope(session, operation, queries.DEVICE_ID)
    return movable


async def delete_group(tx: Transaction, row: GroupRow, now: int, moved: dict[str, Any] | None) -> None:
    """Deletes a locked group without devices; `moved` is what the audit trail records of those that it had."""
    await grants.delete_of_entities(tx, row.network_id, "Group", [row.id], now)
    await tx.execute(queries.DELETE_GROUP, in_network=row.network_id, this_id=row.id)
    before = {"name": row.name, "description": row.description}
    await record(tx, row.network_id, AuditEntry("Delete", "Group", row.id, row.name, before, moved), now)


class GroupRenaming:
    """Writes the present name of a group to its devices. A `JobKind`."""

    name = RENAME

    async def next_step(self, run: Run) -> Step:
        """Takes the next devices of the group. Devices that join it meanwhile have the new name already."""

        async def step(tx: Transaction) -> Progress:
            key = {"network_id": run.network_id}
            group = await tx.one(queries.SHARE_GROUP, **key, id=run.input["group"])
            if group is None:
                return Progress(None, 0, is_last=True)
            members = await tx.all(
                queries.LOCK_MEMBERS, **key, group_id=group.id, after=run.position or 0, limit=run.size
            )
            ids = [member.id for member in members]
            if ids:
                await rename_in(tx, group, ids, group.name, run.now)
            return Progress(ids[-1] if ids else None, len(ids), len(ids) < run.size)

        return step


class GroupDeletion:
    """Moves the devices of a group to `Default`, and then deletes it. A `JobKind`."""

    name = DELETE

    def __init__(self, store: Store, permissions: Permissions, build: Build) -> None:
        self._store = store
        self._permissions = permissions
        self._build = build

    async def next_step(self, run: Run) -> Step:
        """Moves the next devices. Before the first step, checks that the caller may move all of them."""
        key = {"network_id": run.network_id}
        movable = await movable_by(self._permissions, run.caller)
        count_movable = self._build(queries.count_among, movable)
        await count_movable.prepare(self._store.dialect)
        if run.position is None:
            await self._check_all(run, movable)

        async def step(tx: Transaction) -> Progress:
            group = await tx.one(queries.LOCK_GROUP, **key, id=run.input["group"])
            if group is None:
                return Progress(None, 0, is_last=True)
            members = await tx.all(queries.LOCK_MEMBERS, **key, group_id=group.id, after=0, limit=run.size)
            default = await default_group(tx, run.caller, self._permissions, group)
            if members:
                await move_to(tx, group, members, default, run.now, movable=movable, count_movable=count_movable)
            moved = run.done + len(members)
            is_last = len(members) < run.size
            if is_last:
                await delete_group(tx, group, run.now, {"devicesMoved": moved, "movedTo": default.name})
            return Progress(members[-1].id if members else None, len(members), is_last)

        return step

    async def _check_all(self, run: Run, movable: Scope) -> None:
        """Raises `Forbidden` unless the caller may move all devices of the group, so that none moves in vain."""
        group = {"network_id": run.network_id, "group_id": run.input["group"]}
        counts: list[Query[CountRow]] = [self._build(queries.count_in, scope) for scope in (EVERYTHING, movable)]
        [present], [allowed] = [await self._store.scan_all(query, **group, **movable.parameters) for query in counts]
        if allowed.devices < present.devices:
            raise not_movable(run.input["name"])
