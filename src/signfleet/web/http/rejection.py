"""Error answers of the connection itself, to requests that the application never sees, in the contract's form."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.web.http.errors import ErrorBody
from signfleet.web.http.media import ERROR_TYPE
from signfleet.web.http.response import content_type


class Rejection(NamedTuple):
    """A status with the error to send. Metrics and log count it under `reason`."""

    status: int
    error: str
    message: str
    reason: str
    retry_after: int = 0

    def response(self) -> bytes:
        """Returns the whole answer, which ends the connection."""
        body = msgspec.json.encode(ErrorBody(self.error, self.message))
        status = HTTPStatus(self.status)
        return b"".join(
            [
                f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode(),
                b"date: %b\r\n" % datetime.format_http(clock.now()).encode(),
                b"%b: %b\r\n" % content_type(ERROR_TYPE),
                b"x-content-type-options: nosniff\r\n",
                b"retry-after: %d\r\n" % self.retry_after if self.retry_after else b"",
                b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body),
                body,
            ]
        )


class RequestRejected(Exception):
    """Carries a rejection out of the parser's callbacks."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message)
        self.rejection = rejection


def malformed(why: object) -> Rejection:
    """Returns 400 for bytes that are no HTTP request."""
    text = str(why)
    return Rejection(400, Invalid.code, f"This is no valid HTTP request: {text[:1].lower()}{text[1:]}.", "malformed")
