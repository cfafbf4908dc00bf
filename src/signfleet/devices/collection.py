"""Pages of what devices leave behind: errors, downloads, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from signfleet.access.sessions import Session
from signfleet.expressions.catalogue import Catalogue, Filter
from signfleet.expressions.counting import Counts
from signfleet.expressions.listing import Listing, Scope, Top
from signfleet.http.paging import ListQuery, Page
from signfleet.storage.interface import Row, Store
from signfleet.wire.json import encode


class Collection:
    """The rows of one catalogue: `columns` are what an entity is made of."""

    def __init__(self, store: Store, catalogue: Catalogue, columns: Sequence[Any]) -> None:
        self._store = store
        self._catalogue = catalogue
        self._listing = Listing(catalogue, columns)
        self._counts = Counts(store)

    async def page(
        self, session: Session, query: ListQuery, scope: Scope, entity: Callable[[Row], Any], top: Top | None = None
    ) -> Page:
        """A page of the entities that `entity` makes of the rows that a scope admits. Raises `Invalid`."""
        network_id = session.network_id
        assert network_id is not None
        parsed = self._catalogue.filter(query.filter)
        order = self._catalogue.sort(query.sort)
        page = await self._listing.page(
            self._store,
            network_id,
            filter=parsed,
            sort=order,
            position=order.position(query.marker),
            size=query.size,
            scope=scope,
            top=top,
        )
        total = await self._count(network_id, None, scope, None)
        return Page(
            items=[encode(entity(row)) for row in page.rows],
            total=total,
            matching=await self._count(network_id, parsed, scope, top) if parsed or top else total,
            next_marker=page.next_marker,
            sort=order.echo,
            filter=parsed.echo if parsed else None,
        )

    async def _count(self, network_id: int, parsed: Filter | None, scope: Scope, top: Top | None) -> int:
        return await self._counts.get(
            (network_id, parsed and parsed.echo, scope.key, top),
            lambda: self._listing.count(self._store, network_id, filter=parsed, scope=scope, top=top),
        )
