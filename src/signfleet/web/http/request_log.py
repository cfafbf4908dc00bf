"""One line of log and one count of metrics per request, and the id that ties them to the answer.

It masks secrets in the path, since some paths of the contract carry tokens, and omits the query.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from signfleet.foundation.logs import log_frequent, without_credentials
from signfleet.web.http.metrics import REQUESTS

if TYPE_CHECKING:
    from signfleet.web.http.call import Call

_STARTED = os.urandom(4).hex()
_numbers = itertools.count(1)

#: An id that a client or proxy sends is used if it can do no harm in a log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TOKEN_PLACE = re.compile(r"(/tokens?/)[^/]+", re.IGNORECASE)
#: Possessive: the search tries a short segment once, not again from each of its characters.
_LONG_SEGMENT = re.compile(r"(?<![^/])[^/]{40,}+")
#: Characters of a path that are logged.
_LOGGED = 1024

log = structlog.get_logger("access")


@lru_cache(maxsize=4096)
def redacted(path: str) -> str:
    """Masks what may be a secret: the segment after `Tokens/`, any very long one, and credentials."""
    return without_credentials(_LONG_SEGMENT.sub("***", _TOKEN_PLACE.sub(r"\1***", path)))


def request_id(sent: str | None) -> str:
    """Returns the id that was sent with the request if it is harmless, otherwise a new one."""
    return sent if sent and _REQUEST_ID.fullmatch(sent) else f"{_STARTED}-{next(_numbers):x}"


class RequestLog:
    """Records answers in the access log and the metrics."""

    def __init__(self, *, access_log: bool) -> None:
        self._access_log = access_log

    def record(
        self, call: Call, route: str, status: int, started: float, id_: str, *, size: int, is_whole: bool = True
    ) -> None:
        """Records an answer at `route`: of a body in one piece before it is sent, of a stream when it has ended.

        `started` is of `time.perf_counter`; `size` counts the bytes of the body. A stream is not whole if the client
        left before its end, or the stream failed.
        """
        seconds = time.perf_counter() - started
        REQUESTS.observe(call.method, route, status, seconds)
        if not self._access_log:
            return
        session = call.known_session
        values = {
            "method": call.method,
            "path": redacted(call.path[:_LOGGED]),
            "status": status,
            "ms": round(seconds * 1000, 2),
            "bytes": size,
            "id": id_,
            "address": call.address or None,
            "session": None if session is None else session.id,
            "network": None if session is None else session.network_id,
        }
        if not is_whole:
            values["incomplete"] = True
        if not log_frequent("request", values):
            log.info("request", **values)
