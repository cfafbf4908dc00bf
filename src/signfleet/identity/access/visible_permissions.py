"""Removes permissions from answers that name a user or an instance which the caller may not see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress

from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.json import encode
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import by_uid
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.access.visibility import NAMED_ID, VIEWS, naming_hidden_users, visible_among
from signfleet.web.caller.session import Session


class VisiblePermissions:
    """Filters permissions by what the caller may see."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        #: By the name of a scope: each statement is compiled once, not for each device that is read.
        self._queries = QueryCache()

    async def filter(self, session: Session, permissions: Sequence[Permission]) -> list[Permission]:
        """Returns those of some permissions that the caller may see."""
        return list(compress(permissions, await self._are_visible(session, permissions)))

    async def _are_visible(self, session: Session, permissions: Sequence[Permission]) -> list[bool]:
        names = [_names(permission) for permission in permissions]
        visible = {entity: await self._visible(session, entity, names) for entity in VIEWS}
        return [all(id_ in visible[entity] for entity, id_ in named if entity in visible) for named in names]

    async def devices_with_hidden(self, session: Session, device_ids: list[int]) -> list[int]:
        """Returns those of some devices that have permissions for users whom the caller may not see."""
        view, _ = VIEWS["User"]
        if self._permissions.allows_all(session, view):
            return []
        scope = await self._permissions.scope(session, view, NAMED_ID)
        if not scope.conditions or not device_ids:
            return []
        query = self._queries.get(("hidden", scope.name), lambda: naming_hidden_users(scope))
        rows = await self._store.all(query, network_id=session.network_id, ids=device_ids, **scope.parameters)
        return [row.id for row in rows]

    async def of_devices(self, session: Session, device_ids: Sequence[int]) -> dict[int, str]:
        """Returns the permissions on each device that the caller may see, as JSON in the order of its document."""
        named = await grants.of_entities(self._store, session.network, "Device", device_ids)
        found: dict[int, list[Permission]] = {id_: [] for id_ in device_ids}
        visible = await self._are_visible(session, [permission for _, permission in named])
        for (id_, permission), is_visible in zip(named, visible, strict=True):
            if is_visible:
                found[id_].append(permission)
        return {id_: encode(permissions[::-1]).decode() for id_, permissions in found.items()}

    async def _visible(self, session: Session, entity: str, names: Iterable[set[tuple[str, int]]]) -> set[int]:
        ids = {id_ for named in names for kind, id_ in named if kind == entity}
        view, column = VIEWS[entity]
        if not ids:
            return ids
        scope = await self._permissions.scope(session, view, column)
        if not scope.conditions:
            return ids
        query = self._queries.get((entity, scope.name), lambda: visible_among(column, scope))
        rows = await self._store.all(query, network_id=session.network_id, ids=sorted(ids), **scope.parameters)
        return {row.id for row in rows}


def _names(permission: Permission) -> set[tuple[str, int]]:
    """Returns what a permission names, as entity and id: its user, and the instance it is on."""
    operation = by_uid(permission.operation_uid)
    named = {("User", permission.principal.id)} if permission.principal.type == "User" else set()
    return named | ({(operation.root.entity, permission.entity_id)} if operation and permission.entity_id else set())
