"""What bad input is made of, and how a refusal of it has to look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from httpx import Response

#: What belongs to programming and not into an error: JSONPath, regular expressions, Python's names of types.
FOREIGN = re.compile(r"\$[.\[]|`\$|\bregex\b|\bfield `|`(str|int|float|bool|object|array)\b")

BAD_JSON = (
    b"",
    b"{",
    b"null",
    b"7",
    b'"text"',
    b"\xff",
    b"[NaN]",
    b'{"settings": {"location": {"gpsLatitude": NaN}}}',
    b'{"settings": {"location": {"gpsLatitude": 1e999}}}',
    b'[{"op": "replace", "path": "/settings/location/gpsLatitude", "value": Infinity}]',
    b'{"note": "\\u0000"}',
    b"[" * 50_000,
    b'{"a":' * 10_000,
)


def check(answer: Response, status: int, *said: str) -> None:
    """This status, and the contract's error body, whose message holds what is said."""
    request = f"{answer.request.method} {answer.request.url} → {answer.status_code} {answer.text[:300]}"
    assert answer.status_code == status, request
    body = answer.json()
    assert list(body) == ["error", "message", "details"], request
    assert not FOREIGN.search(body["message"]), request
    assert all(part in body["message"] for part in said), (said, request)


def wrong_types(body: Any) -> Iterator[tuple[str, Any]]:
    """The body with each of its values, and itself, replaced by one of another type; and where that is."""
    if body is not None:
        yield "", "text" if isinstance(body, dict | list) else {}
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in members:
        replaced: Any = "text" if isinstance(value, dict | list) else True if value is None else {"wrong": []}
        for place, changed in ((f".{key}", replaced), *((f".{key}{where}", new) for where, new in wrong_types(value))):
            copy = dict(body) if isinstance(body, dict) else list(body)
            copy[key] = changed
            yield place, copy
