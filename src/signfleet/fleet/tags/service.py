"""Lists the tags in use on the devices that a caller may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from signfleet.fleet.tags import store as queries
from signfleet.fleet.tags.patterns import TagPattern, like
from signfleet.fleet.tags.store import KeyRow
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.tags import TagKey
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session

R = TypeVar("R")


class CountedKey(NamedTuple):
    """A key in use: how many devices have it, and how many values it has."""

    id: int
    key: TagKey
    devices: int
    values: int


class TagIndex:
    """Lists the keys and values in use."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        self._queries: dict[tuple[Callable[[Scope], Query[Any]], str], Query[Any]] = {}

    async def keys(self, session: Session, pattern: str | None) -> list[str]:
        """Returns the keys that match a pattern, by name. Raises `Invalid`."""
        wanted = TagPattern.parse(pattern)
        return [str(_key(row)) for row in await self._keys(session, wanted)]

    async def values(self, session: Session, pattern: str | None) -> list[str]:
        """Returns the values, each once, that match a pattern and have a key that matches it. Raises `Invalid`."""
        wanted = TagPattern.parse(pattern)
        if not pattern or wanted.value is None:
            raise Invalid("Query parameter 'pattern' is required, with values, such as 'string::[Device].<City>:*'.")
        ids = [row.id for row in await self._keys(session, wanted)]
        return [
            row.value
            for row in await self._read(queries.values_in_use, session, ids=ids)
            if like(wanted.value, row.value)
        ]

    async def counted_keys(self, session: Session) -> list[CountedKey]:
        """Returns all keys in use with their counts, by name."""
        rows = await self._read(queries.counted_keys, session)
        return [CountedKey(row.id, _key(row), row.devices, row.values) for row in rows]

    async def counted_key(self, session: Session, id_: int | None) -> CountedKey:
        """Returns one of these. Raises `NotFound`."""
        for found in await self.counted_keys(session):
            if found.id == id_:
                return found
        raise NotFound("There is no such tag in this network.")

    async def counted_values(self, session: Session, id_: int, most: int) -> list[tuple[str, int]]:
        """Returns the most frequent values of a key, each with how many devices have it."""
        rows = await self._read(queries.counted_values, session, tag_id=id_, limit=most)
        return [(row.value, row.devices) for row in rows]

    async def _keys(self, session: Session, wanted: TagPattern) -> list[KeyRow]:
        return [row for row in await self._read(queries.keys_in_use, session) if wanted.matches(_key(row))]

    async def _read(self, make: Callable[[Scope], Query[R]], session: Session, **values: Any) -> list[R]:
        scope = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        query: Query[R] = self._queries.setdefault((make, scope.name), make(scope))
        if len(self._queries) > 256:
            self._queries.clear()
        return await self._store.scan_all(query, network_id=session.network_id, **values, **scope.parameters)


def _key(row: KeyRow) -> TagKey:
    return TagKey(row.type, bool(row.is_system), row.entity, row.name)
