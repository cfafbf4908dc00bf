"""Turns every failure into the contract's error body: `{"error", "message", "details"}`."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from signfleet.foundation.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MissingPassword,
    MissingToken,
    NotFound,
    SignfleetError,
    Stale,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from signfleet.foundation.storage.interface import StorageError
from signfleet.web.contract.oauth import OAuthError
from signfleet.web.http.media import JSON_TYPE, error_type
from signfleet.web.http.response import NO_STORE, Header, Response, content_type, header

if TYPE_CHECKING:
    from signfleet.web.http.call import Call

log = logging.getLogger(__name__)

STATUSES: dict[type[SignfleetError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Stale: 412,
    TooLarge: 413,
    Throttled: 429,
}


class MethodNotAllowed(SignfleetError):
    """405"""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"{method} is not allowed here; allowed: {self.allowed}.")


class NotAcceptable(SignfleetError):
    """406"""

    code = "not_acceptable"


class UnsupportedMediaType(SignfleetError):
    """415"""

    code = "unsupported_media_type"


STATUSES |= {
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    UnsupportedMediaType: 415,
    Unavailable: 503,
}

#: Retry-After of 503 answers, in seconds.
_SHORTLY = "2"
STORE_FAILED = "The store cannot be reached at the moment; try again shortly."
SERVER_FAILED = "The server failed unexpectedly; its log says why."
STOPPING = "The server is stopping; try again shortly."


class ErrorBody(msgspec.Struct):
    """The error entity, `application/vnd.bsn.error+json`."""

    error: str
    message: str
    details: str = ""


class OAuthErrorBody(msgspec.Struct, omit_defaults=True):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str | None = None


_CHALLENGE = header("WWW-Authenticate", 'Bearer realm="signfleet"')
_BAD_TOKEN = header("WWW-Authenticate", 'Bearer realm="signfleet", error="invalid_token"')

_ASK = header("WWW-Authenticate", 'Basic realm="signfleet", charset="UTF-8"')


def _challenge(error: Unauthenticated) -> Header:
    if isinstance(error, MissingPassword):
        return _ASK
    return _CHALLENGE if isinstance(error, MissingToken) else _BAD_TOKEN


def status_of(error: SignfleetError) -> int:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def as_oauth_error(error: BaseException) -> OAuthError:
    """Returns a failure in the form of RFC 6749, for token endpoints."""
    if isinstance(error, OAuthError):
        return error
    if isinstance(error, StorageError):
        log.error("storage failed: %s", error)
        error = Unavailable(STORE_FAILED)
    elif isinstance(error, asyncio.CancelledError):
        error = Unavailable(STOPPING)
    elif not isinstance(error, SignfleetError):
        log.error("unexpected failure at a token endpoint", exc_info=error)
        return OAuthError(500, "server_error", SERVER_FAILED)
    if isinstance(error, Unavailable):
        return OAuthError(503, "temporarily_unavailable", error.message, {"Retry-After": str(error.retry_after)})
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    is_about_form = isinstance(error, (NotAcceptable, TooLarge, UnsupportedMediaType))
    return OAuthError(status_of(error), Invalid.code if is_about_form else error.code, error.message, headers)


def error_response(call: Call, route: str | None, error: Exception) -> Response:
    """Returns the answer to a call that failed for any reason."""
    if isinstance(error, OAuthError):
        fixed = {"Cache-Control": "no-store", "Pragma": "no-cache", **error.headers}
        encoded = msgspec.json.encode(OAuthErrorBody(error.code, error.description))
        return Response(error.status, [content_type(JSON_TYPE), *(header(*pair) for pair in fixed.items())], encoded)
    headers: list[Header] = [NO_STORE]
    if isinstance(error, SignfleetError):
        status, body = status_of(error), ErrorBody(error.code, error.message, error.details)
        if isinstance(error, Unauthenticated):
            headers.append(_challenge(error))
        elif error.retry_after is not None:
            headers.append(header("Retry-After", str(error.retry_after)))
        elif isinstance(error, MethodNotAllowed):
            headers.append(header("Allow", error.allowed))
    elif isinstance(error, StorageError):
        log.error("storage failed: %s", error)
        status, body = 503, ErrorBody(Unavailable.code, STORE_FAILED)
        headers.append(header("Retry-After", _SHORTLY))
    else:
        log.error("unexpected failure in %s %s", call.method, route, exc_info=error)
        status, body = 500, ErrorBody("server_error", SERVER_FAILED)
    headers.append(content_type(error_type(call.header(b"accept"))))
    return Response(status, headers, msgspec.json.encode(body))
