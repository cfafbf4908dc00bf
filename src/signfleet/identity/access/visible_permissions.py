"""Permissions as one caller may see them: none for hidden users, none on hidden things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.json import encode
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import by_uid
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.access.visibility import NAMED_ID, VIEWS, naming_hidden, seen_among
from signfleet.web.caller.session import Session

#: So many statements are cached.
CACHE_LIMIT = 512


class VisiblePermissions:
    """Leaves out of answers what their reader may not see."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        #: By the name of a scope: what to look for is compiled once, not for each device that is read.
        self._naming_hidden: dict[str, Query] = {}

    async def filter(self, session: Session, stated: Sequence[Permission]) -> list[Permission]:
        """Those of some permissions that the caller may see."""
        names = [_names(permission) for permission in stated]
        seen = {entity: await self._seen(session, entity, names) for entity in VIEWS}
        return [
            permission
            for permission, named in zip(stated, names, strict=True)
            if all(id_ in seen[entity] for entity, id_ in named if entity in seen)
        ]

    async def devices_with_hidden(self, session: Session, device_ids: list[int]) -> list[int]:
        """The devices among some that have permissions for users whom the caller may not see."""
        view, _ = VIEWS["User"]
        scope = await self._permissions.scope(session, view, NAMED_ID)
        if not scope.conditions or not device_ids:
            return []
        query = self._naming_hidden.get(scope.name)
        if query is None:
            if len(self._naming_hidden) >= CACHE_LIMIT:
                self._naming_hidden.clear()
            query = self._naming_hidden[scope.name] = naming_hidden(scope)
        rows = await self._store.all(query, network_id=session.network_id, ids=device_ids, **scope.parameters)
        return [row.id for row in rows]

    async def of_device(self, session: Session, device_id: int) -> str:
        """The permissions on a device that the caller may see, as a device's document has them."""
        stated = await grants.of_entity(self._store, session.network, "Device", device_id)
        return encode((await self.filter(session, stated))[::-1]).decode()

    async def _seen(self, session: Session, entity: str, names: Iterable[set[tuple[str, int]]]) -> set[int]:
        ids = {id_ for named in names for kind, id_ in named if kind == entity}
        view, column = VIEWS[entity]
        if not ids:
            return ids
        scope = await self._permissions.scope(session, view, column)
        if not scope.conditions:
            return ids
        query = seen_among(column, scope)
        rows = await self._store.all(query, network_id=session.network_id, ids=sorted(ids), **scope.parameters)
        return {row.id for row in rows}


def _names(permission: Permission) -> set[tuple[str, int]]:
    """The things that a permission names: its user, and what it is on."""
    operation = by_uid(permission.operation_uid)
    named = {("User", permission.principal.id)} if permission.principal.type == "User" else set()
    return named | ({(operation.root.entity, permission.entity_id)} if operation and permission.entity_id else set())
