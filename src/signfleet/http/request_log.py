"""One line of log and one count of metrics per request, and the id that ties them to the answer.

The path is logged with its secrets blotted out: some paths of the contract carry tokens. Queries are not logged at all.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from typing import Any

import falcon.asgi
import structlog

from signfleet.http.metrics import REQUESTS

_STARTED = os.urandom(4).hex()
_numbers = itertools.count(1)

#: An id that a client or proxy sends is kept if it is one that cannot do harm in a log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TOKEN_PLACE = re.compile(r"(/tokens?/)[^/]+", re.IGNORECASE)
_LONG_SEGMENT = re.compile(r"[^/]{40,}")

log = structlog.get_logger("access")


def redacted(path: str) -> str:
    """`path` without what may be a token: whatever follows `Tokens/`, and any very long segment."""
    return _LONG_SEGMENT.sub("***", _TOKEN_PLACE.sub(r"\1***", path))


class RequestLog:
    """Falcon middleware."""

    def __init__(self, *, access_log: bool) -> None:
        self._access_log = access_log

    async def process_request(self, request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        sent = request.get_header("X-Request-Id")
        request_id = sent if sent and _REQUEST_ID.fullmatch(sent) else f"{_STARTED}-{next(_numbers):x}"
        context = request.context
        context.request_id = request_id
        context.started = time.perf_counter()
        context.session = None
        response.set_header("X-Request-Id", request_id)

    async def process_response(
        self, request: falcon.asgi.Request, response: falcon.asgi.Response, _resource: Any, _succeeded: bool
    ) -> None:
        context = request.context
        seconds = time.perf_counter() - context.started
        route = request.uri_template or "none"
        status = response.status_code
        REQUESTS.observe(request.method, route, status, seconds)
        if self._access_log:
            session = context.session
            log.info(
                "request",
                method=request.method,
                path=redacted(request.path),
                status=status,
                ms=round(seconds * 1000, 2),
                id=context.request_id,
                address=request.remote_addr,
                session=session.id if session else None,
                network=session.network_id if session else None,
            )
