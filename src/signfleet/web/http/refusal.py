"""Answers to what is refused before the application sees it, in the contract's form."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from signfleet.foundation.errors import Invalid
from signfleet.web.http.errors import ErrorBody
from signfleet.web.http.media import ERROR_TYPE
from signfleet.web.http.response import content_type


class Refusal(NamedTuple):
    """A status with the error to send; `reason` is what metrics and log count it as."""

    status: int
    error: str
    message: str
    reason: str
    retry_after: int = 0

    def response(self, date_line: bytes) -> bytes:
        """The whole answer; it ends the connection."""
        body = msgspec.json.encode(ErrorBody(self.error, self.message))
        status = HTTPStatus(self.status)
        return b"".join(
            [
                f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode(),
                date_line,
                b"\r\n%b: %b\r\n" % content_type(ERROR_TYPE),
                b"x-content-type-options: nosniff\r\n",
                b"retry-after: %d\r\n" % self.retry_after if self.retry_after else b"",
                b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body),
                body,
            ]
        )


class Refused(Exception):
    """Raised where a refusal cannot be returned: inside the parser's callbacks."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def malformed(why: object) -> Refusal:
    """400 for what is no request."""
    text = str(why)
    return Refusal(400, Invalid.code, f"This is no valid HTTP request: {text[:1].lower()}{text[1:]}.", "malformed")
