"""Which of some events that follow one another an expression matches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import EVERYTHING, Listing
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.identity.events import store as queries
from signfleet.identity.events.catalogue import EVENTS
from signfleet.notify.events.store import EventRow

CACHE_SIZE = 512


class EventMatcher:
    """Caches the statements, which take longer to compile than to run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listing = Listing(EVENTS)
        self._queries: OrderedDict[str, Query[EventRow]] = OrderedDict()

    async def matching(self, network_id: int, filter_: str, events: Sequence[EventRow]) -> set[int]:
        """Returns the ids of those of the events, which are in their order, that match; none if that is not valid."""
        if not events:
            return set()
        try:
            query = await self._query(filter_)
        except Invalid:  # written for an older version
            return set()
        first, last = events[0], events[-1]
        bounds = {
            "after_transaction": first.transaction_id,
            "after_id": first.id - 1,
            "upto_transaction": last.transaction_id,
            "upto_id": last.id,
        }
        # Between the first and the last may be others, which another webhook asks for.
        rows = await self._store.scan_all(query, network_id=network_id, limit=queries.ALL, **bounds)
        return {row.id for row in rows}

    async def _query(self, filter_: str) -> Query[EventRow]:
        query = self._queries.get(filter_)
        if query is None:
            query = queries.matching_between(self._listing, await EVENTS.read_filter(filter_), EVERYTHING)
            await query.prepare(self._store.dialect)
            self._queries[filter_] = query
            if len(self._queries) > CACHE_SIZE:
                self._queries.popitem(last=False)
        return query
