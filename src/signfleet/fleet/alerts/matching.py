"""Which devices of a few an expression matches."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import EVERYTHING, Listing, Scope
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store


class DeviceMatcher:
    """Caches the statements, which take longer to compile than to run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listing = Listing(DEVICES)
        self._queries = QueryCache()

    async def matching(
        self, network_id: int, filter_: str | None, ids: Iterable[int], scope: Scope = EVERYTHING
    ) -> set[int]:
        """Returns those of the ids whose devices match and are in the scope; none if the expression is not valid."""
        wanted = list(ids)
        if not wanted or (filter_ is None and not scope.conditions):
            return set(wanted)
        try:
            parsed = await DEVICES.read_filter(filter_)
        except Invalid:  # written for an older version
            return set()
        build = partial(self._listing.matching_among, parsed, scope)
        query = self._queries.filtered(parsed, (scope.name,), build)
        await query.prepare(self._store.dialect)
        rows = await self._store.scan_all(query, network_id=network_id, ids=wanted, **scope.parameters)
        return {row.id for row in rows}
