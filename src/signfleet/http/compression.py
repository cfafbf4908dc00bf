"""gzip, when asked for and worth it. isal compresses some ten times faster than zlib for slightly larger answers."""

from __future__ import annotations

from functools import lru_cache

import falcon.asgi

try:
    from isal.igzip import compress as _gzip
except ImportError:  # no wheel for this machine
    from gzip import compress as _gzip  # type: ignore[assignment]  # the same but for how it spells its types

LEVEL = 1
#: Shorter answers fit one packet anyway.
MINIMUM = 1024


def compress(request: falcon.asgi.Request, response: falcon.asgi.Response, body: bytes) -> bytes:
    """`body`, compressed if the client takes gzip; sets the headers that go with it."""
    if len(body) < MINIMUM:
        return body
    response.set_header("Vary", "Accept-Encoding")
    accepted = request.get_header("Accept-Encoding")
    if accepted is None or not admits_gzip(accepted):
        return body
    response.set_header("Content-Encoding", "gzip")
    return _gzip(body, LEVEL)


@lru_cache(maxsize=1024)
def admits_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header names gzip with a quality above 0."""
    for part in header.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
    return False
