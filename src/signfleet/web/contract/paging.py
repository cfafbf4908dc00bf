"""Pages of collections: what a client asks for, and what a service answers."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class PagedList(msgspec.Struct, rename="camel", kw_only=True):
    """What every PagedList says besides its `items`, for the OpenAPI document."""

    total_item_count: int
    matching_item_count: int
    page_size: int
    next_marker: str | None
    is_truncated: bool
    sort_expression: str | None
    filter_expression: str | None


class ListQuery(NamedTuple):
    """What a client asks of a list: expressions, the marker of the page before, and how much."""

    filter: str | None
    sort: str | None
    marker: str | None
    size: int


class Page(NamedTuple):
    """A page of entities as JSON, and what its PagedList says of the whole; `sort` and `filter` as they are echoed.

    An item may be several of them with commas between.
    """

    items: list[bytes]
    total: int
    matching: int
    next_marker: str | None
    sort: str | None
    filter: str | None
