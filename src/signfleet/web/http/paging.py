"""Answers pages: the PagedList of the contract, spliced from items that are JSON already."""

from __future__ import annotations

from collections.abc import Iterable

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.json import encode
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer, Call

MAXIMUM = 100


def answer_page(page: Page, size: int) -> Answer:
    """Answers a page as the PagedList of the contract."""
    return Answer(
        body=paged_list(
            page.items,
            total=page.total,
            matching=page.matching,
            size=size,
            marker=page.next_marker,
            sort=page.sort,
            filter_=page.filter,
        )
    )


def list_query(call: Call) -> ListQuery:
    """Reads the query parameters of a list. Raises `Invalid`."""
    return ListQuery(call.parameter("filter"), call.parameter("sort"), call.parameter("marker"), page_size(call))


def page_size(call: Call) -> int:
    """Returns the page size, 1 to 100: 0 and thousands become the nearest one. Raises `Invalid` for no number."""
    text = call.parameter("pageSize")
    if text is None:
        return MAXIMUM
    try:
        return max(1, min(MAXIMUM, int(text)))
    except ValueError:
        raise Invalid(f"Query parameter 'pageSize': '{text}' is not a whole number.") from None


def paged_list(
    items: Iterable[bytes],
    *,
    total: int,
    matching: int,
    size: int,
    marker: str | None,
    sort: str | None,
    filter_: str | None,
) -> bytes:
    """Returns the PagedList as JSON. `marker` is None on the last page: clients loop on it alone."""
    return (
        b'{"items":[%b],"totalItemCount":%d,"matchingItemCount":%d,"pageSize":%d,"nextMarker":%b,"isTruncated":%b,"sortExpression":%b,"filterExpression":%b}'
        % (
            b",".join(items),
            total,
            matching,
            size,
            encode(marker),
            b"false" if marker is None else b"true",
            encode(sort),
            encode(filter_),
        )
    )
