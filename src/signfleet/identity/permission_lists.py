"""Adds permissions to users, roles, groups and devices, removes them, and records each change in the audit trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Literal

from signfleet.foundation.errors import Invalid, NotFound, of_another
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.schemas import Permission
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import AuditedEntity
from signfleet.web.caller.session import Session

#: Locks the row that a path segment names until the transaction ends. Raises `NotFound`, and `Forbidden` unless the
#: caller may edit its permissions.
Lock = Callable[[Transaction, Session, str], Awaitable[Row]]
#: Finds the row that a path segment names, if the caller may see it. Raises `NotFound`.
Find = Callable[[Transaction, Session, str], Awaitable[Row]]
#: Advances the dates of a locked row, at a moment in ms.
Touch = Callable[[Transaction, Row, int], Awaitable[object]]


class PermissionList:
    """The permissions of one kind of entity.

    With the operations of a tree, `root`, they are for single devices or groups, which `find` finds; without one, for a
    user or role and all things. `name_of` gives the name of a row that the audit trail shows.
    """

    def __init__(
        self,
        store: Store,
        entity: AuditedEntity,
        *,
        lock: Lock,
        touch: Touch,
        name_of: Callable[[Row], str],
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
        await self._change("AddPermissions", session, ref, permissions, now)

    async def remove_permissions(self, session: Session, ref: str, permissions: Sequence[Permission], now: int) -> None:
        """Removes permissions; what is not there need not be removed. Raises like `add_permissions`."""
        await self._change("RemovePermissions", session, ref, permissions, now)

    async def _change(
        self,
        action: Literal["AddPermissions", "RemovePermissions"],
        session: Session,
        ref: str,
        permissions: Sequence[Permission],
        now: int,
    ) -> None:
        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, session, ref)
            if self._root is None:
                self._check_principals(row, permissions)
            if self._find is not None:
                await self._check_entities(tx, session, self._find, row, permissions)
            entity_id = grants.ALL_INSTANCES if self._root is None else row.id
            grantor = await Grantor.of(session, tx)
            change = AuditEntry(action, self._entity, row.id, self._name_of(row))
            if action == "AddPermissions":
                changed = await grants.add_permissions(
                    tx, row.network_id, permissions, now, grantor=grantor, root=self._root, entity_id=entity_id
                )
                change = change._replace(after=changed)
            else:
                changed = await grants.remove_permissions(
                    tx, row.network_id, permissions, grantor=grantor, root=self._root, entity_id=entity_id
                )
                change = change._replace(before=changed)
            await self._touch(tx, row, now)
            if changed:
                await record(tx, row.network_id, change, now)

        await self._store.write(work)

    def _check_principals(self, row: Row, permissions: Sequence[Permission]) -> None:
        """Raises `Invalid` for a permission of another user or role than the one of the path."""
        owner = f"{self._entity.lower()} {row.id}"
        for number, permission in enumerate(permissions):
            if (permission.principal.type, permission.principal.id) != (self._entity, row.id):
                raise Invalid(f"'[{number}].principal': here are permissions of the {owner} alone.")

    async def _check_entities(
        self, tx: Transaction, session: Session, find: Find, row: Row, permissions: Sequence[Permission]
    ) -> None:
        """Raises `Invalid` for a permission that states another device or group than the one of the path.

        An id that the caller knows nothing of is ignored, as clients send what other servers gave them.
        """
        for place, entity_id in grants.other_instances(permissions, row.id):
            with suppress(NotFound):
                other = await find(tx, session, str(entity_id))
                if other.id == entity_id:
                    raise of_another(place, self._entity.lower(), self._name_of(other), self._name_of(row))
