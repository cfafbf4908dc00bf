"""Finds the devices that a filter matches, some at a time, for work that takes many transactions."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.catalogue import Catalogue, Filter
from signfleet.foundation.expressions.listing import Listing, Scope
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query


class Found(NamedTuple):
    """The devices of a scope that a filter matches."""

    text: str
    filter: Filter
    scope: Scope
    matching_among: Query[Any]

    async def still_matching(self, tx: Transaction, network_id: int, ids: list[int]) -> list[int]:
        """Returns those of some devices that match in a transaction, ascending."""
        if not ids:
            return []
        rows = await tx.all(self.matching_among, network_id=network_id, ids=ids, **self.scope.parameters)
        return [row.id for row in rows]


class DeviceSelection:
    """Searches outside of transactions, because SQLite has one writer; inside, `Found.still_matching` checks again."""

    def __init__(self, store: Store, catalogue: Catalogue = DEVICES) -> None:
        self._store = store
        self._catalogue = catalogue
        self._listing = Listing(catalogue)
        self._queries = QueryCache()

    async def find(self, network_id: int, text: str, scope: Scope) -> Found:
        """Reads a filter. Raises `Invalid` for a malformed or blank one."""
        parsed = await self._listing.read_filter(self._store, network_id, text, scope)
        if parsed is None:
            raise Invalid("'filter' is required: it says which devices are meant.")
        build = partial(self._listing.matching_among, parsed, scope)
        query = self._queries.filtered(parsed, (scope.name,), build)
        await query.prepare(self._store.dialect)
        return Found(text, parsed, scope, query)

    async def ids(
        self, network_id: int, found: Found, size: int, *, after: int = 0, last: int | None = None
    ) -> list[int]:
        """Returns the first ids that match, ascending: after one, and up to `last`."""
        order = self._catalogue.sort("[Id] ASC")
        page = await self._listing.page(
            self._store,
            network_id,
            filter=found.filter,
            sort=order,
            position=order.position(order.marker((after,))) if after else None,
            size=size,
            scope=found.scope,
        )
        return [id_ for id_ in page.ids if last is None or id_ <= last]

    async def last(self, network_id: int, found: Found) -> int:
        """Returns the highest id that matches, or 0."""
        order = self._catalogue.sort("[Id] DESC")
        page = await self._listing.page(
            self._store, network_id, filter=found.filter, sort=order, position=None, size=1, scope=found.scope
        )
        return page.ids[0] if page.ids else 0

    async def count(self, network_id: int, found: Found) -> int:
        """Counts the devices that match."""
        return await self._listing.count(self._store, network_id, filter=found.filter, scope=found.scope)
