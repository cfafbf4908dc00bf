"""Lets pages of other origins call this server from a browser (the Fetch standard's CORS), if the operator allows it.

A page sends its token in a header, never in a cookie: no answer allows credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signfleet.web.http.response import Header, Response, header

if TYPE_CHECKING:
    from signfleet.web.http.call import Call

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, X-Request-Id"
)
EXPOSED = "ETag, Last-Modified, Location, Retry-After, X-Request-Id"
#: Seconds for which a browser may cache the answer to a preflight.
MAX_AGE = 600

_VARY = header("Vary", "Origin")
_EXPOSE = header("Access-Control-Expose-Headers", EXPOSED)
_PREFLIGHT = [
    header("Access-Control-Allow-Methods", METHODS),
    header("Access-Control-Allow-Headers", REQUEST_HEADERS),
    header("Access-Control-Max-Age", str(MAX_AGE)),
]


class Cors:
    """The origins whose pages may read the answers."""

    def __init__(self, origins: str) -> None:
        """Parses the setting `cors_origins`."""
        self._origins = {origin.strip().rstrip("/").lower() for origin in origins.split(",") if origin.strip()}
        self._allows_all = "*" in self._origins

    @property
    def is_on(self) -> bool:
        return bool(self._origins)

    def preflight(self, call: Call) -> Response | None:
        """Returns the answer to a CORS preflight; None for other requests and origins."""
        if not self._origins or call.method != "OPTIONS" or call.header(b"access-control-request-method") is None:
            return None
        allowed = self._allowed(call)
        return None if allowed is None else Response(204, [*_PREFLIGHT])

    def add(self, call: Call, headers: list[Header]) -> None:
        """Adds the headers that let an allowed page read the answer, whether success or failure."""
        allowed = self._allowed(call)
        if allowed is not None:
            headers += [allowed, _EXPOSE]
        headers.append(_VARY)

    def _allowed(self, call: Call) -> Header | None:
        origin = call.header(b"origin")
        if origin is None:
            return None
        if self._allows_all:
            return header("Access-Control-Allow-Origin", "*")
        return header("Access-Control-Allow-Origin", origin) if origin.lower() in self._origins else None
