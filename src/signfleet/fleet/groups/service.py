"""Reads and changes groups. A network always has the group `Default`; devices of a deleted group move there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from signfleet.fleet.devices.counts.service import DeviceCounts
from signfleet.fleet.groups import store as queries
from signfleet.fleet.groups.catalogue import GROUPS
from signfleet.fleet.groups.creation import DEFAULT_GROUP, check_group_quota, check_name, insert_group
from signfleet.fleet.groups.jobs import DELETE, RENAME, GroupDeletion, GroupRenaming, delete_group, movable_by
from signfleet.fleet.groups.moving import default_group, move_to, rename_in
from signfleet.fleet.groups.schemas import Group, GroupChange, NewGroup
from signfleet.fleet.groups.store import GroupRow, LockedMember
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.errors import Forbidden, Invalid, NotFound, of_another
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction, UnitOfWork
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.definitions import (
    DELETE_GROUP,
    EDIT_GROUP_PERMISSIONS,
    GROUP,
    UPDATE_GROUP,
    VIEW_DEVICE,
    VIEW_GROUP,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.access.visible_permissions import VisiblePermissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.jobs.kinds import STEP_ROWS, NewJob
from signfleet.identity.jobs.queue import insert_job
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.permission_lists import PermissionList
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import NONE, Precondition
from signfleet.web.contract.paging import ListQuery, Page

T = TypeVar("T")

#: How many of the groups that a filter matches are read at a time.
PAGE = 100


class Groups:
    """Reads and changes the groups of a network. A group that the caller may not see does not exist for the caller."""

    def __init__(
        self, store: Store, permissions: Permissions, counts: DeviceCounts, *, jobs: JobRunner, limit: int
    ) -> None:
        self._counts = counts
        self._jobs = jobs
        self._limit = limit
        self._store = store
        self._permissions = permissions
        self._visible_permissions = VisiblePermissions(store, permissions)
        self._all = Collection(store, GROUPS)
        self.grants = PermissionList(
            store,
            "Group",
            lock=self._lock_to_grant,
            touch=_touch,
            name_of=lambda row: row.name,
            root=GROUP,
            find=self.find,
        )
        self._queries = QueryCache()
        jobs.register(GroupRenaming(), GroupDeletion(store, permissions, self._query))

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of groups, by name unless the query has a sort."""
        found = await self._all.find(session.network, query, await self._scope(session))
        rows = await self._store.all(queries.GROUPS_AMONG, network_id=session.network, ids=found.ids)
        known = {row.id: row for row in rows}
        counts = await self._counts.totals(session, "group", [str(id_) for id_ in found.ids])
        items = []
        for id_ in found.ids:
            if id_ in known:
                permissions = await self._shown_permissions(session, id_)
                items.append(encode(_entity(known[id_], counts.get(str(id_), 0), permissions)))
        return found.page(items)

    async def count(self, session: Session, filter_: str | None) -> int:
        """Counts the groups that match."""
        return await self._all.count(session.network, filter_, await self._scope(session))

    async def _scope(self, session: Session) -> Scope:
        """Returns the scope of the groups that the caller may see."""
        return await self._permissions.scope(session, VIEW_GROUP, queries.GROUP_ID)

    async def get(self, session: Session, ref: str) -> tuple[Group, GroupRow]:
        """Returns a group by id or name, with its devices, and its row. Raises `NotFound`."""
        row = await self._row(session, ref)
        scope = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        members = await self._store.scan_all(
            self._query(queries.devices_in, scope), network_id=row.network_id, group_id=row.id, **scope.parameters
        )
        devices = [DeviceReference(id=member.id, serial=member.serial) for member in members]
        permissions = await self._shown_permissions(session, row.id)
        return _entity(row, len(devices), permissions, devices), row

    async def create(self, session: Session, new: NewGroup, now: int) -> Group:
        """Creates a group. Raises `Invalid` if the name is taken or malformed, `QuotaReached`."""
        network_id = session.network
        name = check_name(new.name)

        async def work(tx: Transaction) -> GroupRow:
            await check_group_quota(tx, network_id, self._limit)
            group_id = await insert_group(tx, network_id, name, now, new.description)
            after = {"name": name, "description": new.description}
            await record(tx, network_id, AuditEntry("Create", "Group", group_id, name, None, after), now)
            row = await tx.one(queries.GROUP_BY_ID, network_id=network_id, id=group_id)
            assert row is not None
            return row

        return _entity(await self._write(work, name), 0, [], [])

    async def update(
        self, session: Session, ref: str, change: GroupChange, precondition: Precondition, now: int
    ) -> None:
        """Updates name and description. Raises `NotFound`, `Forbidden`, `Stale`, `Invalid`.

        A job writes a new name to the devices if there are more than `STEP_ROWS`.
        """

        async def work(tx: Transaction) -> int | None:
            row = await self._lock(session, ref, UPDATE_GROUP, tx)
            precondition.check(row.last_modified_date, row.last_modified_date)
            await self._check_id(session, row, change.id, tx)
            name = row.name if change.name is msgspec.UNSET else change.name.strip()
            description = row.description if change.description is msgspec.UNSET else change.description
            if fold(name) != row.name_key:
                check_name(name)
                if row.name_key == fold(DEFAULT_GROUP):
                    raise Invalid(f"'name': a network always has a group '{DEFAULT_GROUP}'; it cannot be renamed.")
            modified = next_moment(row.last_modified_date, now)
            await tx.execute(
                queries.UPDATE_GROUP,
                in_network=row.network_id,
                this_id=row.id,
                new_name=name,
                new_name_key=fold(name),
                new_name_order=order_key(name),
                new_description=description,
                now=modified,
            )
            job = await self._rename(tx, row, name, now) if name != row.name else None
            before = {"name": row.name, "description": row.description}
            after = {"name": name, "description": description}
            await record(tx, row.network_id, AuditEntry("Update", "Group", row.id, row.name, before, after), now)
            return job

        job = await self._write(work, "" if change.name is msgspec.UNSET else change.name)
        if job is not None:
            await self._jobs.finish(session.network, job)

    async def delete(self, session: Session, ref: str, precondition: Precondition, now: int) -> None:
        """Deletes a group; its devices move to `Default`. Raises `NotFound`, `Forbidden`, `Stale`, `Invalid`.

        The caller needs the permissions to move each of them, the same as for a PUT of the device. A job moves them if
        there are more than `STEP_ROWS`.
        """
        movable = await movable_by(self._permissions, session)
        count_movable = self._query(queries.count_among, movable)
        await count_movable.prepare(self._store.dialect)

        async def work(tx: Transaction) -> int | None:
            row = await self._lock(session, ref, DELETE_GROUP, tx)
            precondition.check(row.last_modified_date, row.last_modified_date)
            if row.name_key == fold(DEFAULT_GROUP):
                raise Invalid(f"A network always has a group '{DEFAULT_GROUP}'; it cannot be deleted.")
            await (await Grantor.of(session, tx)).require_to_lift(GROUP, [row.id])
            members = await _lock_members(tx, row)
            if len(members) > STEP_ROWS:
                text = {"group": row.id, "name": row.name}
                return await insert_job(tx, row.network_id, NewJob(DELETE, row.name, text, session), now)
            moved = None
            if members:
                default = await default_group(tx, session, self._permissions, row)
                await move_to(tx, row, members, default, now, movable=movable, count_movable=count_movable)
                moved = {"devicesMoved": len(members), "movedTo": default.name}
            await delete_group(tx, row, now, moved)
            return None

        job = await self._store.write(work)
        if job is not None:
            await self._jobs.finish(session.network, job)

    async def delete_matching(self, session: Session, filter_: str | None, now: int) -> int:
        """Deletes those groups that match and that the caller may delete one by one; returns how many.

        Raises `Invalid` without a filter, so that leaving it out cannot delete all groups.
        """
        if filter_ is None or not filter_.strip():
            raise Invalid("Query parameter 'filter' is required: it says which groups to delete.")
        scope = await self._scope(session) & await self._permissions.scope(session, DELETE_GROUP, queries.GROUP_ID)
        query, found = ListQuery(filter_, None, None, PAGE), list[int]()
        while True:
            page = await self._all.rows(session.network, query, scope)
            found += page.ids
            if page.next_marker is None:
                break
            query = query._replace(marker=page.next_marker)
        deleted = 0
        for group_id in found:
            # One without permission to move its devices stays, as does Default, and another caller may be faster.
            with suppress(Forbidden, Invalid, NotFound):
                await self.delete(session, str(group_id), NONE, now)
                deleted += 1
        return deleted

    async def _rename(self, tx: Transaction, row: GroupRow, name: str, now: int) -> int | None:
        """Writes the new name of a group to its devices, or returns the job that does."""
        members = await _lock_members(tx, row)
        if len(members) > STEP_ROWS:
            return await insert_job(tx, row.network_id, NewJob(RENAME, name, {"group": row.id}), now)
        if members:
            await rename_in(tx, row, [member.id for member in members], name, now)
        return None

    async def _shown_permissions(self, session: Session, group_id: int) -> list[Permission]:
        return await self._visible_permissions.filter(
            session, await grants.of_entity(self._store, session.network, "Group", group_id)
        )

    async def permissions(self, session: Session, ref: str) -> list[Permission]:
        """Returns the permissions for this group alone. Raises `NotFound`."""
        row = await self._row(session, ref)
        return await self._shown_permissions(session, row.id)

    async def find(self, session: Session, ref: str) -> tuple[int, str]:
        """Returns id and name of a group, which `ref` names by either. Raises `NotFound`."""
        row = await self._row(session, ref)
        return row.id, row.name

    async def _lock_to_grant(self, tx: Transaction, session: Session, ref: str) -> GroupRow:
        return await self._lock(session, ref, EDIT_GROUP_PERMISSIONS, tx)

    async def _lock(self, session: Session, ref: str, operation: Operation, tx: Transaction) -> GroupRow:
        """Locks a group until the transaction ends and returns its row, if the caller may do `operation` on it.

        Raises `NotFound` or `Forbidden`.
        """
        found = await self._row(session, ref, tx)
        await self._permissions.require_on(session, operation, found.id, tx)
        row = await tx.one(queries.LOCK_GROUP, network_id=found.network_id, id=found.id)
        if row is None:
            raise NotFound.in_network("group", ref)
        return row

    async def _check_id(self, session: Session, group: GroupRow, id_: int | None, tx: Transaction) -> None:
        """Raises `Invalid` if a body has the id of another group that the caller may see."""
        if not id_ or id_ == group.id:
            return
        other = await tx.one(queries.GROUP_BY_ID, network_id=group.network_id, id=id_)
        other = await self._permissions.visible(session, VIEW_GROUP, other, tx)
        if other is not None:
            raise of_another("id", "group", other.name, group.name)

    async def _row(self, session: Session, ref: str, tx: Transaction | None = None) -> GroupRow:
        """Returns the row of a group by id, or by name if the caller sees no group of that id. Raises `NotFound`."""
        store, number = tx or self._store, id_of(ref)
        ways: list[tuple[Query[GroupRow], dict[str, int | str]]] = [(queries.GROUP_BY_NAME, {"name_key": fold(ref)})]
        if number is not None:
            ways.insert(0, (queries.GROUP_BY_ID, {"id": number}))
        for query, key in ways:
            row = await store.one(query, network_id=session.network_id, **key)
            row = await self._permissions.visible(session, VIEW_GROUP, row, tx)
            if row is not None:
                return row
        raise NotFound.in_network("group", ref)

    def _query(self, make: Callable[[Scope], Query[T]], scope: Scope) -> Query[T]:
        """Returns the query that `make` builds for a scope, cached for each kind of scope."""
        return self._queries.get((make, scope.name), lambda: make(scope))

    async def _write(self, work: UnitOfWork[T], name: str) -> T:
        try:
            return await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'name': there already is a group '{name}'.") from None


async def _touch(tx: Transaction, row: GroupRow, now: int) -> None:
    modified = next_moment(row.last_modified_date, now)
    await tx.execute(queries.TOUCH_GROUP, in_network=row.network_id, this_id=row.id, now=modified)


async def _lock_members(tx: Transaction, row: GroupRow) -> list[LockedMember]:
    """Locks the devices of a group, or more than `STEP_ROWS` of them, until the transaction ends."""
    return await tx.all(queries.LOCK_MEMBERS, network_id=row.network_id, group_id=row.id, after=0, limit=STEP_ROWS + 1)


def _entity(
    row: GroupRow, count: int, permissions: list[Permission], devices: list[DeviceReference] | None = None
) -> Group:
    return Group(
        id=row.id,
        name=row.name,
        description=row.description,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        devices_count=count,
        devices=devices,
        permissions=permissions,
    )
