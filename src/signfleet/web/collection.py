"""Lists collections as the contract does: a page of the items that a caller may see, and how many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from signfleet.foundation.expressions.catalogue import Catalogue, Filter
from signfleet.foundation.expressions.counting import Counts
from signfleet.foundation.expressions.listing import EVERYTHING, Listing, Scope
from signfleet.foundation.expressions.pages import RowPage, Top
from signfleet.foundation.expressions.sorting import Sort
from signfleet.foundation.storage.interface import Row, Store
from signfleet.web.contract.paging import ListQuery, Page

#: Returns how many items a network has, without counting them.
Counter = Callable[[int], Awaitable[int]]


class CountedRows(NamedTuple):
    """The rows of a page, each with its id as last column, and the totals of the PagedList."""

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
        """Returns the page with the entities as JSON; entities deleted since the rows were read are missing."""
        return Page(items, *self[1:])


class Collection:
    """The items of one catalogue. A malformed filter, sort or marker raises `Invalid`."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        columns: Sequence[Any] = (),
        *,
        counter: Counter | None = None,
        maintained: Callable[[Filter, Scope], Any] | None = None,
        within: Scope = EVERYTHING,
    ) -> None:
        """Rows have `columns` by name. `counter` returns the number of items of a network from a maintained counter.

        `maintained` returns the statement of a matching count from maintained counts, or None: see `Listing`.

        Lists contain only items `within`; filters may also name values of other items.
        """
        self._store = store
        self._catalogue = catalogue
        self._listing = Listing(catalogue, columns, maintained)
        self._counts = Counts(store)
        self._counter = counter
        self._within = within

    async def find(
        self, network_id: int, query: ListQuery, scope: Scope = EVERYTHING, top: Top | None = None
    ) -> CountedRows:
        """Returns a page of the items in the scope, with totals; with `top`, only the first items of each group."""
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
    ) -> RowPage:
        """Returns a page without totals."""
        parsed = await self._listing.read_filter(self._store, network_id, query.filter, scope)
        order = await self._catalogue.read_sort(query.sort)
        return await self._page(network_id, query, (parsed, order), scope & self._within, top)

    async def _page(
        self, network_id: int, query: ListQuery, read: tuple[Filter | None, Sort], scope: Scope, top: Top | None
    ) -> RowPage:
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
        """Returns how many items in the scope match."""
        parsed = await self._listing.read_filter(self._store, network_id, filter_, scope)
        scope = scope & self._within
        if parsed is None:
            return await self._total(network_id, scope)
        return await self._count(network_id, parsed, scope)

    async def _total(self, network_id: int, scope: Scope) -> int:
        """Returns how many items in the scope there are: it counts the few exceptions, not the many items.

        A network has 1000 devices. A caller who is denied 3 of them may see 1000, the maintained counter, minus 3, the
        count of `scope.exceptions`: 997, from 3 rows. A caller who may see only 2 devices gets the count of the
        exceptions itself, 2. Without conditions the counter alone answers, without any row.
        """
        if self._counter is None:
            return await self._count(network_id, None, scope)
        if not scope.conditions:
            return await self._counter(network_id)
        # Creating or deleting an item does not change the count of exceptions; changing permissions does, and with
        # them `scope.version`.
        exceptions = await self._counts.get(
            (network_id, scope.exceptions.key),
            lambda: self._listing.count(self._store, network_id, filter=None, scope=scope.exceptions),
            version=scope.version,
        )
        return await self._counter(network_id) - exceptions if scope.excluded else exceptions

    async def _count(self, network_id: int, parsed: Filter | None, scope: Scope, top: Top | None = None) -> int:
        return await self._counts.get(
            (network_id, parsed and parsed.echo, scope.key, top),
            lambda: self._listing.count(self._store, network_id, filter=parsed, scope=scope, top=top),
        )
