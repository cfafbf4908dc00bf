"""gzip, when asked for and worth it. isal compresses some ten times faster than zlib for slightly larger answers."""

from __future__ import annotations

from signfleet.web.http.media import ACCEPT_LENGTH, cached_if_short
from signfleet.web.http.response import Response, header

try:
    from isal.igzip import compress as _gzip
except ImportError:  # no wheel for this machine
    from gzip import compress as _gzip  # type: ignore[assignment]  # the same but for how it spells its types

LEVEL = 1
#: Shorter answers fit one packet anyway.
MINIMUM = 1024

_VARY = header("Vary", "Accept-Encoding")
_GZIPPED = header("Content-Encoding", "gzip")


def compress(response: Response, accepted: str | None) -> None:
    """Compress a body that is worth it if the client takes gzip, as its Accept-Encoding header says."""
    if len(response.body) < MINIMUM:
        return
    response.headers.append(_VARY)
    if accepted is not None and admits_gzip(accepted):
        response.headers.append(_GZIPPED)
        response.body = _gzip(response.body, LEVEL)


@cached_if_short
def admits_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header names gzip with a quality above 0; a very long one is disregarded."""
    if len(header) > ACCEPT_LENGTH:
        return False
    for part in header.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
    return False
