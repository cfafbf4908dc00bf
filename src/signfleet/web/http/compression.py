"""Compresses answers with gzip on request. isal is about ten times faster than zlib; answers are slightly larger."""

from __future__ import annotations

from signfleet.web.http.media import ACCEPT_LENGTH, cached_if_short
from signfleet.web.http.response import Response, header

try:
    from isal.igzip import compress as _gzip
except ImportError:  # no wheel for this machine
    from gzip import compress as _gzip  # type: ignore[assignment]  # differs in its annotations only

LEVEL = 1
#: Shorter answers fit one packet uncompressed.
MINIMUM = 1024

_VARY = header("Vary", "Accept-Encoding")
_GZIPPED = header("Content-Encoding", "gzip")


def compress(response: Response, accepted: str | None) -> None:
    """Compresses a long body if the Accept-Encoding header, `accepted`, allows gzip."""
    if len(response.body) < MINIMUM:
        return
    response.headers.append(_VARY)
    if accepted is not None and admits_gzip(accepted):
        response.headers.append(_GZIPPED)
        response.body = _gzip(response.body, LEVEL)


@cached_if_short
def admits_gzip(header: str) -> bool:
    """Returns whether an Accept-Encoding header names gzip with a quality above 0; a very long header is ignored."""
    if len(header) > ACCEPT_LENGTH:
        return False
    for part in header.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
    return False
