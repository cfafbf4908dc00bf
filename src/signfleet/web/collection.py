"""Collections as the contract lists them: a page of what a caller may see, and how much there is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from signfleet.foundation.expressions import listing
from signfleet.foundation.expressions.catalogue import Catalogue, Filter
from signfleet.foundation.expressions.counting import Counts
from signfleet.foundation.expressions.listing import EVERYTHING, Listing, Scope, Top
from signfleet.foundation.expressions.sorting import Sort
from signfleet.foundation.storage.interface import Row, Store
from signfleet.web.contract.paging import ListQuery, Page

#: How many items a network has.
Known = Callable[[int], Awaitable[int]]


class CountedRows(NamedTuple):
    """The rows of a page, each with its id at its end, and what a PagedList says of the whole."""

    rows: list[Row]
    total: int
    matching: int
    next_marker: str | None
    sort: str
    filter: str | None

    @property
    def ids(self) -> list[int]:
        return [row[-1] for row in self.rows]

    def page(self, items: list[bytes]) -> Page:
        """The page, with the entities of the rows as JSON; one that has gone meanwhile is left out."""
        return Page(items, *self[1:])


class Collection:
    """The items of one catalogue. Every text that a client sent raises `Invalid` where it is wrong."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        columns: Sequence[Any] = (),
        *,
        known: Known | None = None,
        within: Scope = EVERYTHING,
    ) -> None:
        """`columns` come with each row by their names. `known` returns how many there are without counting them.

        Only items `within` are listed; filters may also name what others have.
        """
        self._store = store
        self._catalogue = catalogue
        self._listing = Listing(catalogue, columns)
        self._counts = Counts(store)
        self._known = known
        self._within = within

    async def find(
        self, network_id: int, query: ListQuery, scope: Scope = EVERYTHING, top: Top | None = None
    ) -> CountedRows:
        """A page of what a scope admits, by index where there is one; of each group only what `top` leaves."""
        parsed = await self._listing.read_filter(self._store, network_id, query.filter, scope)
        order = await self._catalogue.read_sort(query.sort)
        scope = scope & self._within
        rows, next_marker = await self._page(network_id, query, (parsed, order), scope, top)
        total = await self._total(network_id, scope)
        matching = total if parsed is None and top is None else await self._count(network_id, parsed, scope, top)
        echo = parsed.echo if parsed else None
        return CountedRows(rows, total, matching, next_marker, order.echo, echo)

    async def rows(
        self, network_id: int, query: ListQuery, scope: Scope = EVERYTHING, top: Top | None = None
    ) -> listing.RowPage:
        """A page without its numbers."""
        parsed = await self._listing.read_filter(self._store, network_id, query.filter, scope)
        order = await self._catalogue.read_sort(query.sort)
        return await self._page(network_id, query, (parsed, order), scope & self._within, top)

    async def _page(
        self, network_id: int, query: ListQuery, read: tuple[Filter | None, Sort], scope: Scope, top: Top | None
    ) -> listing.RowPage:
        parsed, order = read
        return await self._listing.page(
            self._store,
            network_id,
            filter=parsed,
            sort=order,
            position=order.position(query.marker),
            size=query.size,
            scope=scope,
            top=top,
        )

    async def count(self, network_id: int, filter_: str | None, scope: Scope) -> int:
        """How many of what a scope admits match."""
        parsed = await self._listing.read_filter(self._store, network_id, filter_, scope)
        scope = scope & self._within
        if parsed is None:
            return await self._total(network_id, scope)
        return await self._count(network_id, parsed, scope)

    async def _total(self, network_id: int, scope: Scope) -> int:
        if self._known is None:
            return await self._count(network_id, None, scope)
        if not scope.conditions:
            return await self._known(network_id)
        # Nothing that comes or goes brings or leaves permissions of its own: exceptions change with these alone.
        exceptions = await self._counts.get(
            (network_id, scope.exceptions.key),
            lambda: self._listing.count(self._store, network_id, filter=None, scope=scope.exceptions),
            version=scope.version,
        )
        return await self._known(network_id) - exceptions if scope.excluded else exceptions

    async def _count(self, network_id: int, parsed: Filter | None, scope: Scope, top: Top | None = None) -> int:
        return await self._counts.get(
            (network_id, parsed and parsed.echo, scope.key, top),
            lambda: self._listing.count(self._store, network_id, filter=parsed, scope=scope, top=top),
        )
