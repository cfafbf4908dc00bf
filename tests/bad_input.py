"""Bad input, and the checks of the answers to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from httpx import Response

from signfleet.app.wiring import endpoints

#: Words of programming that no message contains: JSONPath, regular expressions, Python's names of types.
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


#: Errors of OAuth, which its clients expect, are the answers of these.
OAUTH = {endpoint.path for endpoint in endpoints() if endpoint.oauth}


def check(answer: Response, status: int, *texts: str) -> None:
    """Checks the status, and for the contract's error entity with all `texts` in its message."""
    request = f"{answer.request.method} {answer.request.url} → {answer.status_code} {answer.text[:300]}"
    assert answer.status_code == status, request
    body = answer.json()
    assert list(body)[:3] == ["error", "message", "details"], request
    assert not FOREIGN.search(body["message"]), request
    assert all(text in body["message"] for text in texts), (texts, request)


def check_shape(answer: Response, *statuses: int) -> None:
    """Checks for one of these statuses, any below 500 if none is given, and for an error entity in every failure."""
    request = f"{answer.request.method} {answer.request.url} → {answer.status_code} {answer.text[:200]}"
    assert answer.status_code < 500, request
    if statuses:
        assert answer.status_code in statuses, request
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert answer.request.url.path.startswith(("/account/", "/docs")), request  # pages for people
    elif answer.status_code >= 400:
        body = answer.json()
        assert "X-Request-Id" in answer.headers, request
        if "error_description" in body or set(body) == {"error"}:
            assert answer.request.url.path in OAUTH, request
        else:
            assert list(body)[:3] == ["error", "message", "details"], request
            assert body["message"], request
            assert body["error"] == body["error"].lower(), request
            assert "Traceback" not in answer.text, request
            assert not FOREIGN.search(body["message"]), request


def wrong_types(body: Any) -> Iterator[tuple[str, Any]]:
    """Yields the body with one of its values, or itself, replaced by one of another type; with the place before it."""
    if body is not None:
        yield "", "text" if isinstance(body, dict | list) else {}
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in members:
        replaced: Any = "text" if isinstance(value, dict | list) else True if value is None else {"wrong": []}
        for place, changed in ((f".{key}", replaced), *((f".{key}{where}", new) for where, new in wrong_types(value))):
            copy = dict(body) if isinstance(body, dict) else list(body)
            copy[key] = changed
            yield place, copy
