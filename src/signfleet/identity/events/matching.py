"""Which of some events that follow one another an expression matches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import EVERYTHING, Listing
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store
from signfleet.identity.events import store as queries
from signfleet.identity.events.catalogue import EVENTS
from signfleet.notify.events.store import EventRow


class EventMatcher:
    """Caches the statements, which take longer to compile than to run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listing = Listing(EVENTS)
        self._queries = QueryCache()

    async def matching(self, network_id: int, filter_: str, events: Sequence[EventRow]) -> set[int]:
        """Returns the ids of those of the events, which are in their order, that match; none if that is not valid."""
        if not events:
            return set()
        try:
            parsed = await EVENTS.read_filter(filter_)
        except Invalid:  # written for an older version
            return set()
        build = partial(queries.matching_between, self._listing, parsed, EVERYTHING)
        query = self._queries.filtered(parsed, (), build)
        await query.prepare(self._store.dialect)
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
