"""Caches the queries of a listing, and makes those of filters with one shape from one another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.storage.query import Query

SIZE = 1024
"""How many queries a listing caches."""


class QueryCache:
    """Queries by what they depend on; the oldest one makes room for a new one."""

    def __init__(self) -> None:
        self._queries: OrderedDict[tuple[Any, ...], Query] = OrderedDict()

    def __len__(self) -> int:
        return len(self._queries)

    def get(self, key: tuple[Any, ...], build: Callable[[], Query], *, worth: bool = True) -> Query:
        """Returns the cached query of a key, or builds it and caches it if it is `worth` the space."""
        query = self._queries.get(key)
        if query is None:
            query = build()
            if worth:
                self._queries[key] = query
                if len(self._queries) > SIZE:
                    self._queries.popitem(last=False)
        return query

    def filtered(
        self, filter: Filter | None, key: tuple[Any, ...], build: Callable[[], Query], *, worth: bool = True
    ) -> Query:
        """Returns the query of a filter: the cached one of a filter of the same shape, with this one's values."""
        if filter is None or filter.searched is not None:  # what the search index looks for is not in the shape
            return self.get((filter, *key), build, worth=worth and (filter is None or filter.reusable))
        shape, worth = filter.shape, worth and filter.reusable

        def with_values() -> Query:
            return self.get((shape.key, *key), build, worth=worth).with_values(shape.values)

        return self.get((filter, *key), with_values, worth=worth)
