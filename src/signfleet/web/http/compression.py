"""Compresses answers with gzip on request, and unpacks bodies.

isal is about ten times faster than zlib; answers are slightly larger.
"""

from __future__ import annotations

import zlib

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.query import run_in_thread
from signfleet.web.http.media import ACCEPT_LENGTH, cached_if_short
from signfleet.web.http.response import Response, header

try:
    from isal.igzip import compress as _gzip
except ImportError:  # no wheel for this machine
    from gzip import compress as _gzip  # type: ignore[assignment]  # differs in its annotations only

LEVEL = 1
#: Shorter answers fit one packet uncompressed.
MINIMUM = 1024
#: A packed body up to this size is unpacked in the event loop, in well under a millisecond.
AT_ONCE = 512

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


async def unpack(body: bytes, limit: int) -> bytes | None:
    """Unpacks a body; None if it has more than `limit` bytes then. Raises `Invalid` for what is not gzip.

    It never makes more than `limit` bytes, whatever the body claims to contain.
    """
    return await run_in_thread(_unpacked, body, limit) if len(body) > AT_ONCE else _unpacked(body, limit)


def _unpacked(body: bytes, limit: int) -> bytes | None:
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Invalid("The body is not valid gzip, as Content-Encoding says it is.") from error
    if len(unpacked) > limit:
        return None
    if not unpacker.eof:
        raise Invalid("The body ends before its gzip data does.")
    if unpacker.unused_data:
        raise Invalid("The body has more after its gzip data.")
    return unpacked


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
