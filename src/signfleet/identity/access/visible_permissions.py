"""Removes permissions from answers that name a user or an instance which the caller may not see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.json import encode
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import by_uid
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.access.visibility import NAMED_ID, VIEWS, naming_hidden_users, visible_among
from signfleet.web.caller.session import Session

#: How many statements are cached.
CACHE_LIMIT = 512


class VisiblePermissions:
    """Filters permissions by what the caller may see."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        #: By the name of a scope: each statement is compiled once, not for each device that is read.
        self._naming_hidden: dict[str, Query] = {}

    async def filter(self, session: Session, permissions: Sequence[Permission]) -> list[Permission]:
        """Returns those of some permissions that the caller may see."""
        names = [_names(permission) for permission in permissions]
        visible = {entity: await self._visible(session, entity, names) for entity in VIEWS}
        return [
            permission
            for permission, named in zip(permissions, names, strict=True)
            if all(id_ in visible[entity] for entity, id_ in named if entity in visible)
        ]

    async def devices_with_hidden(self, session: Session, device_ids: list[int]) -> list[int]:
        """Returns those of some devices that have permissions for users whom the caller may not see."""
        view, _ = VIEWS["User"]
        scope = await self._permissions.scope(session, view, NAMED_ID)
        if not scope.conditions or not device_ids:
            return []
        query = self._naming_hidden.get(scope.name)
        if query is None:
            if len(self._naming_hidden) >= CACHE_LIMIT:
                self._naming_hidden.clear()
            query = self._naming_hidden[scope.name] = naming_hidden_users(scope)
        rows = await self._store.all(query, network_id=session.network_id, ids=device_ids, **scope.parameters)
        return [row.id for row in rows]

    async def of_device(self, session: Session, device_id: int) -> str:
        """Returns the permissions on a device that the caller may see, as JSON in the order of a device's document."""
        permissions = await grants.of_entity(self._store, session.network, "Device", device_id)
        return encode((await self.filter(session, permissions))[::-1]).decode()

    async def _visible(self, session: Session, entity: str, names: Iterable[set[tuple[str, int]]]) -> set[int]:
        ids = {id_ for named in names for kind, id_ in named if kind == entity}
        view, column = VIEWS[entity]
        if not ids:
            return ids
        scope = await self._permissions.scope(session, view, column)
        if not scope.conditions:
            return ids
        query = visible_among(column, scope)
        rows = await self._store.all(query, network_id=session.network_id, ids=sorted(ids), **scope.parameters)
        return {row.id for row in rows}


def _names(permission: Permission) -> set[tuple[str, int]]:
    """Returns what a permission names, as entity and id: its user, and the instance it is on."""
    operation = by_uid(permission.operation_uid)
    named = {("User", permission.principal.id)} if permission.principal.type == "User" else set()
    return named | ({(operation.root.entity, permission.entity_id)} if operation and permission.entity_id else set())
