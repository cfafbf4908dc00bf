"""Pages: the PagedList of the contract, spliced from items that are JSON already."""

from __future__ import annotations

from collections.abc import Iterable

from signfleet.errors import Invalid
from signfleet.http.call import Call, encode

MAXIMUM = 100


def page_size(call: Call) -> int:
    """1 to 100. Clients send 0 and thousands: those are brought to the nearest allowed size; no number is a 400."""
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
    """The PagedList as JSON. `marker` is None on the last page: clients loop on it alone."""
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
