"""Lists and counts of an entity: compiles the statements of a filter and a sort once, and runs them page by page.

The caller's own conditions (network, permissions) come first in every statement, before the client's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Table, and_, bindparam, case, func, or_, select

from signfleet.foundation.expressions.admitted import AdmittedIds
from signfleet.foundation.expressions.catalogue import Catalogue, Filter
from signfleet.foundation.expressions.markers import Position
from signfleet.foundation.expressions.pages import RowPage, Top
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.expressions.searching import COMMON, sample
from signfleet.foundation.expressions.sorting import ListPart, Sort
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.storage.query import Query, among, each

_BATCH = 1000
"""How many ids `Listing.ids` reads at once."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The instances that a caller may see.

    A network has 1000 devices. A caller may see all of them except 3, which a permission denies:

        Scope(
            name="device.id True [('device.view', True, False)]",  # equal names mean equal conditions: a cache key
            conditions=(~exists(denial of device.id),),             # what every statement of the caller adds
            parameters={"caller_user_id": 7, "caller_role_id": 2},  # values of the conditions
            excluded=(exists(denial of device.id),),                # the 3, by their index
            version=12,                                             # counts changes of the network's permissions
        )

    The total of the list is 1000, a maintained counter, minus the count of `excluded`, which reads 3 rows and is cached
    until `version` changes: no statement reads 997 rows. Another caller may see nothing except 2 devices that a
    permission grants:

        Scope(
            name="device.id False [('device.view', True, True)]",
            conditions=(exists(grant of device.id),),
            parameters={"caller_user_id": 8, "caller_role_id": 2},
            admitted=AdmittedIds(ids=select(grant.entity_id), column=device.id),  # the 2, by their index
            version=12,
        )

    A page starts from `admitted` and joins the devices, instead of testing the conditions on 1000 devices. The total
    is the count of the scope itself.
    """

    #: Equal names mean equal conditions, whatever the parameters.
    name: str
    #: Besides the network's own.
    conditions: tuple[ColumnElement[bool], ...] = ()
    #: The values that the conditions take, by name.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: If the scope leaves out little: the conditions of what it leaves out.
    excluded: tuple[ColumnElement[bool], ...] = ()
    #: If the scope admits little: what it admits.
    admitted: AdmittedIds | None = None
    #: Changes when the scope may have changed, other than by new and deleted instances; None: unknown.
    version: int | None = None

    @property
    def exceptions(self) -> Scope:
        """Returns what to count for the total of this scope: what it excludes, if known, else itself."""
        return Scope(f"not {self.name}", self.excluded, self.parameters) if self.excluded else self

    @property
    def key(self) -> tuple[Any, ...]:
        """Returns the key for caches of this scope's results."""
        return self.name, *self.parameters.items()

    def or_where(self, condition: ColumnElement[bool], name: str | None = None) -> Scope:
        """Returns a scope that admits also what meets `condition`; its `name` is by default the condition's text."""
        if not self.conditions:
            return self
        return Scope(f"{self.name} or {name or condition}", (or_(condition, and_(*self.conditions)),), self.parameters)

    def __and__(self, other: Scope) -> Scope:
        """Returns a scope of what both admit."""
        if self.name == other.name or not other.conditions:
            return self
        if not self.conditions:
            return other
        return Scope(
            f"{self.name} & {other.name}",
            self.conditions + other.conditions,
            {**self.parameters, **other.parameters},
        )


EVERYTHING = Scope("everything")


class Listing:
    """The statements over one catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        columns: Sequence[ColumnElement[Any]] = (),
        maintained: Callable[[Filter, Scope], Select[Any] | None] | None = None,
    ) -> None:
        """Rows have `columns` by name, then those of the sort, then the id. Without `columns` they are plain tuples.

        `maintained` returns the statement of a count, `total`, from maintained counts; None if they do not answer it.
        """
        self.catalogue = catalogue
        self._maintained = maintained
        self._columns = tuple(columns)
        self._queries = QueryCache()

    async def page(
        self,
        store: Store | Transaction,
        network_id: int,
        *,
        filter: Filter | None,
        sort: Sort,
        position: Position | None,
        size: int,
        scope: Scope = EVERYTHING,
        top: Top | None = None,
    ) -> RowPage:
        """Reads the `size` rows after a position."""
        everything = filter is None and top is None and not scope.conditions
        # Only statements that an index serves to the end may read in the event loop.
        read = store.all if everything and not sort.in_memory else store.scan_all
        filter = await self._narrowed(store, filter, at_all=False)
        rows: list[Row] = []
        parameters = {"network_id": network_id, **scope.parameters}
        if position is not None:
            parameters |= position.parameters
        for part in sort.parts(position):
            query = self._page_query(filter, sort, part, scope, top)
            found = await read(query, limit=size + 1 - len(rows), **parameters)
            rows = rows + found if rows else found
            if len(rows) > size:
                del rows[size:]
                return RowPage(rows, sort.marker(rows[-1]))
        return RowPage(rows, None)

    async def count(
        self,
        store: Store | Transaction,
        network_id: int,
        *,
        filter: Filter | None,
        scope: Scope = EVERYTHING,
        top: Top | None = None,
    ) -> int:
        """Counts the matches on all pages."""
        narrowed = await self._narrowed(store, filter, at_all=True)
        query = self._queries.filtered(
            narrowed, ("count", scope.name, top), lambda: Query(self._count(narrowed, scope, top))
        )
        rows = await store.scan_all(query, network_id=network_id, **scope.parameters)
        return int(rows[0].total)

    async def ids(
        self,
        store: Store | Transaction,
        network_id: int,
        *,
        filter: Filter | None,
        scope: Scope = EVERYTHING,
    ) -> list[int]:
        """Returns the ids of all matches, ascending."""
        sort = self.catalogue.sort("[Id] ASC")
        ids: list[int] = []
        position = None
        while True:
            page = await self.page(
                store,
                network_id,
                filter=filter,
                sort=sort,
                position=position,
                size=_BATCH,
                scope=scope,
            )
            ids += page.ids
            if page.next_marker is None:
                return ids
            position = sort.position(page.next_marker)

    async def read_filter(
        self, store: Store, network_id: int, text: str | None, scope: Scope = EVERYTHING
    ) -> Filter | None:
        """Reads a filter; None or blank is no filter. Raises Invalid with the position and what is expected there.

        An open enumeration takes the words that it lists and those that an instance in the scope has: one look-up in
        the index for each word that is not listed.
        """
        parsed = await self.catalogue.read_filter(text)
        if parsed is not None and parsed.unknown:
            for path in {word.of.path for word in parsed.unknown}:
                words = [word for word in parsed.unknown if word.of.path == path]
                keys = list({word.key for word in words})
                query = self._words(path, scope)
                rows = await store.scan_all(query, network_id=network_id, words=keys, **scope.parameters)
                found = {row.value for row in rows}
                for word in words:
                    if word.key not in found:
                        word.refuse()
        return parsed

    def _words(self, path: str, scope: Scope) -> Query:
        """Returns the query of those in the list `words` that an instance in the scope has at a path."""
        columns = self.catalogue.columns

        def build() -> Query:
            words = each("words")
            same = columns.column(self.catalogue.properties[path.lower()]) == words.c.value
            has = select(columns.table.c.id).where(columns.belonging == NETWORK, same, *scope.conditions)
            return Query(select(words.c.value).where(has.exists()))

        return self._queries.get(("words", path, scope.name), build)

    def matching_among(self, filter: Filter | None, scope: Scope = EVERYTHING) -> Query:
        """Returns the query of the ids, ascending, of those in the list `ids` that match."""
        ids = self.catalogue.columns.table.c.id
        statement = self._matching(select(ids), filter, scope, None, None)
        return Query(statement.where(among(ids, "ids")).order_by(ids))

    def matching(self, statement: Select[Any], filter: Filter | None, scope: Scope) -> Select[Any]:
        """Returns a statement over the catalogue's table, narrowed to what matches."""
        return self._matching(statement, filter, scope, None, None)

    def statement(self, filter: Filter | None, sort: Sort, scope: Scope = EVERYTHING) -> Query:
        """Returns the query of a first page."""
        return self._page_query(filter, sort, sort.parts(None)[0], scope, None)

    async def _narrowed(self, store: Store | Transaction, filter: Filter | None, *, at_all: bool) -> Filter | None:
        """Returns the filter with the attempt of the search index that serves it: the first one that finds few texts.

        Without one that is the last, or if it need not be narrowed `at_all`, none. PostgreSQL decides by itself.
        """
        if filter is None or filter.searched is None or getattr(store, "dialect", "") != "sqlite":
            return filter
        for attempt in filter.attempts:
            if at_all and attempt is filter:
                return filter
            assert attempt.searched is not None
            query = self._queries.get(("sample", attempt), partial(sample, attempt.searched), worth=filter.reusable)
            if len(await store.scan_all(query)) < COMMON:
                return attempt
        return filter.unsearched

    def _page_query(
        self,
        filter: Filter | None,
        sort: Sort,
        part: ListPart,
        scope: Scope,
        top: Top | None,
    ) -> Query:
        return self._queries.filtered(
            filter,
            ("page", sort, part.name, scope.name, top),
            lambda: Query(self._page(filter, sort, part, scope, top), named=bool(self._columns)),
            worth=sort.reusable,
        )

    def _page(self, filter: Filter | None, sort: Sort, part: ListPart, scope: Scope, top: Top | None) -> Select[Any]:
        statement = select(*self._columns, *sort.columns)
        where: tuple[ColumnElement[Any], ...] = () if part.where is None else (part.where,)
        order_by = part.order_by
        admitted = scope.admitted if top is None else None
        if top is not None:
            where += (self.catalogue.columns.table.c.id.in_(self._first(filter, sort, scope, top)),)
        elif admitted is not None:
            if sort.key_columns[0] is not admitted.column:  # their own index does not have the order
                admitted = admitted.found_first
            where = tuple(admitted.substitute(clause) for clause in where)
            order_by = tuple(admitted.substitute(clause) for clause in order_by)
            if filter is None and not self._columns:
                statement = self.catalogue.columns.sorted_by_id(statement, sort.key_columns)
        statement = self._matching(statement, filter, scope, top, sort, admitted=admitted)
        return statement.where(*where).order_by(*order_by).limit(bindparam("limit", type_=Integer()))

    def _count(self, filter: Filter | None, scope: Scope, top: Top | None) -> Select[Any]:
        if filter is not None and top is None and self._maintained is not None:
            maintained = self._maintained(filter, scope)
            if maintained is not None:
                return maintained
        if top is None:
            return self._matching(select(func.count().label("total")), filter, scope, None, None)
        group = () if top.grouping is None else (top.grouping.column,)
        sizes = self._matching(select(func.count().label("size")), filter, scope, top, None)
        groups = sizes.group_by(*group).subquery()
        counted = case((groups.c.size > top.count, top.count), else_=groups.c.size)
        return select(func.coalesce(func.sum(counted), 0).label("total"))

    def _first(self, filter: Filter | None, sort: Sort, scope: Scope, top: Top) -> Select[Any]:
        """Returns the ids of the first ones of each group."""
        ids = self.catalogue.columns.table.c.id
        group = None if top.grouping is None else top.grouping.column
        rank = func.row_number().over(partition_by=group, order_by=sort.order_by).label("rank")
        ranked = self._matching(select(ids, rank), filter, scope, top, sort).subquery()
        return select(ranked.c.id).where(ranked.c.rank <= top.count)

    def _matching(
        self,
        statement: Select[Any],
        filter: Filter | None,
        scope: Scope,
        top: Top | None,
        sort: Sort | None,
        *,
        admitted: AdmittedIds | None = None,
    ) -> Select[Any]:
        columns = self.catalogue.columns
        parts = (filter, sort, top.grouping if top else None)
        tables = frozenset[Table]().union(*(part.tables for part in parts if part is not None))
        source = columns.source(tables, sort.joins if sort else ())
        if admitted is not None:
            source = source.join(admitted.ids, admitted.ids.c.id == admitted.column)
        conditions = scope.conditions if admitted is None else ()
        statement = statement.select_from(source).where(columns.belonging == NETWORK, *conditions)
        if filter is None:
            return statement
        if filter.searched is not None:
            statement = filter.searched.narrow(statement)
        return statement.where(filter.clause)
