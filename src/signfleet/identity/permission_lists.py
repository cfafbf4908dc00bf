"""Adds permissions to users, roles, groups and devices, removes them, and records both in the audit trail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, Literal, Protocol, TypedDict, TypeVar

from signfleet.foundation.errors import Invalid, NotFound, Stale, of_another
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.schemas import Permission
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import AuditedEntity
from signfleet.web.caller.session import Session


class EntityRow(Protocol):
    """A user, role, group or device."""

    id: int
    network_id: int


RowT = TypeVar("RowT", bound=EntityRow)

ListAction = Literal["AddPermissions", "RemovePermissions"]
Changes = Mapping[ListAction, Sequence[Permission]]


class Where(TypedDict):
    """Whose permissions change, and who changes them."""

    grantor: Grantor
    root: Operation | None
    entity_id: int


#: Locks the row of an id or name until the transaction ends. Raises `NotFound`, and `Forbidden` unless the caller may
#: edit its permissions.
Lock = Callable[[Transaction, Session, str], Awaitable[RowT]]
#: Returns id and name of what an id or name means, if the caller may see it. Raises `NotFound`.
Find = Callable[[Session, str], Awaitable[tuple[int, str]]]
#: Advances the dates of a locked row to a time in ms.
Touch = Callable[[Transaction, RowT, int], Awaitable[object]]


class PermissionList(Generic[RowT]):
    """The permissions of one kind of entity.

    With `root`, the root of a tree, they are permissions on single devices or groups, which `find` names. Without it,
    they are permissions of a user or role on all instances. `name_of` returns the name for the audit trail.
    """

    def __init__(
        self,
        store: Store,
        entity: AuditedEntity,
        *,
        lock: Lock[RowT],
        touch: Touch[RowT],
        name_of: Callable[[RowT], str],
        root: Operation | None = None,
        find: Find | None = None,
    ) -> None:
        self._store = store
        self._entity = entity
        self._lock = lock
        self._touch = touch
        self._name_of = name_of
        self._root = root
        self._find = find

    async def add_permissions(self, session: Session, ref: str, permissions: Sequence[Permission], now: int) -> None:
        """Adds permissions, all or none. Raises `NotFound`, `Forbidden`, `Invalid`."""
        await self._change(session, ref, {"AddPermissions": permissions}, now)

    async def remove_permissions(self, session: Session, ref: str, permissions: Sequence[Permission], now: int) -> None:
        """Removes permissions; ignores those that do not exist. Raises like `add_permissions`."""
        await self._change(session, ref, {"RemovePermissions": permissions}, now)

    async def replace_permissions(
        self,
        session: Session,
        ref: str,
        removed: Sequence[Permission],
        added: Sequence[Permission],
        now: int,
    ) -> None:
        """Removes permissions and adds others, all or none. Raises like `add_permissions`.

        For a user or role, raises `Stale` if one of the operations has another permission than the removed one.
        """
        changes: Changes = {"RemovePermissions": removed, "AddPermissions": added}
        await self._change(session, ref, changes, now, is_exact=self._root is None)

    async def _change(
        self,
        session: Session,
        ref: str,
        changes: Changes,
        now: int,
        *,
        is_exact: bool = False,
    ) -> None:
        every = [permission for permissions in changes.values() for permission in permissions]
        names = {} if self._find is None else await _visible_names(session, self._find, every)

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, session, ref)
            if self._root is None:
                for permissions in changes.values():
                    self._check_principals(row, permissions)
            if is_exact:
                _check_unchanged(await grants.of_principal(tx, row.network_id, self._entity, row.id), changes)
            for permissions in changes.values():
                self._check_entities(row, permissions, names)
            grantor = await Grantor.of(session, tx)
            entries = [
                await self._apply(tx, row, action, permissions, grantor=grantor, now=now)
                for action, permissions in changes.items()
            ]
            await self._touch(tx, row, now)
            for entry in entries:
                if entry.before or entry.after:
                    await record(tx, row.network_id, entry, now)

        await self._store.write(work)

    async def _apply(
        self,
        tx: Transaction,
        row: RowT,
        action: ListAction,
        permissions: Sequence[Permission],
        *,
        grantor: Grantor,
        now: int,
    ) -> AuditEntry:
        """Adds or removes permissions of a locked row; returns the entry for the audit trail."""
        entity_id = grants.ALL_INSTANCES if self._root is None else row.id
        entry = AuditEntry(action, self._entity, row.id, self._name_of(row))
        where: Where = {"grantor": grantor, "root": self._root, "entity_id": entity_id}
        if action == "AddPermissions":
            return entry._replace(after=await grants.add_permissions(tx, row.network_id, permissions, now, **where))
        return entry._replace(before=await grants.remove_permissions(tx, row.network_id, permissions, **where))

    def _check_principals(self, row: RowT, permissions: Sequence[Permission]) -> None:
        """Raises `Invalid` for a permission of another user or role than the path's."""
        for number, permission in enumerate(permissions):
            if (permission.principal.type, permission.principal.id) != (self._entity, row.id):
                raise Invalid(f"'[{number}].principal': must be the {self._entity.lower()} {row.id} of the path.")

    def _check_entities(self, row: RowT, permissions: Sequence[Permission], names: Mapping[int, str]) -> None:
        """Raises `Invalid` for a permission on another device or group than the path's, of those in `names`."""
        for place, entity_id in grants.other_instances(permissions, row.id):
            if entity_id in names:
                raise of_another(place, self._entity.lower(), names[entity_id], self._name_of(row))


def _check_unchanged(present: Sequence[Permission], changes: Changes) -> None:
    """Raises `Stale` if an operation of changes has another permission than the removed one, or one without any."""
    stated = {each.operation_uid: each.is_allowed for each in present}
    seen = {each.operation_uid: each.is_allowed for each in changes["RemovePermissions"]}
    for permission in (*changes["RemovePermissions"], *changes["AddPermissions"]):
        uid = permission.operation_uid
        if stated.get(uid) != seen.get(uid):
            raise Stale("Somebody else has changed one of these permissions since you read them.")


async def _visible_names(session: Session, find: Find, permissions: Sequence[Permission]) -> dict[int, str]:
    """Returns the names of the instances that permissions name, by id, as far as the caller sees them.

    Ids that the caller cannot see are ignored, since clients send permissions that they read from other servers. The
    look-ups run outside the transaction, with a turn for other requests between two of them: there may be a hundred.
    """
    names: dict[int, str] = {}
    for _place, entity_id in grants.other_instances(permissions, own_id=0):
        with suppress(NotFound):
            id_, name = await find(session, str(entity_id))
            if id_ == entity_id:
                names[entity_id] = name
        await asyncio.sleep(0)
    return names
