"""Turns whatever goes wrong into the contract's error body: `{"error", "message", "details"}`."""

from __future__ import annotations

import logging
from typing import Any

import falcon
import falcon.asgi
import msgspec

from signfleet.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    SignfleetError,
    Stale,
    Throttled,
    TooLarge,
    Unauthenticated,
)
from signfleet.http.media import error_type
from signfleet.storage.interface import StorageError

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


class NotAcceptable(SignfleetError):
    """406"""

    code = "not_acceptable"


class UnsupportedMediaType(SignfleetError):
    """415"""

    code = "unsupported_media_type"


class NotImplementedYet(SignfleetError):
    """501: documented, not there yet."""

    code = "not_implemented"


class OAuthError(SignfleetError):
    """What the token endpoints answer: OAuth's own body, `{"error", "error_description"}`."""

    def __init__(self, status: int, code: str, description: str | None, headers: dict[str, str] | None = None) -> None:
        super().__init__(description or "")
        self.status = status
        self.code = code
        self.description = description
        self.headers = headers or {}


STATUSES |= {NotAcceptable: 406, UnsupportedMediaType: 415, NotImplementedYet: 501}


class ErrorBody(msgspec.Struct):
    """The error entity, `application/vnd.bsn.error+json`."""

    error: str
    message: str
    details: str = ""


class OAuthErrorBody(msgspec.Struct, omit_defaults=True):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str | None = None


def status_of(error: SignfleetError) -> int:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


async def tell(request: falcon.asgi.Request, response: falcon.asgi.Response, error: Exception, _params: Any) -> None:
    """Falcon's error handler for every exception."""
    if isinstance(error, OAuthError):
        response.status = error.status
        response.content_type = "application/json"
        response.set_headers({"Cache-Control": "no-store", "Pragma": "no-cache", **error.headers})
        response.data = msgspec.json.encode(OAuthErrorBody(error.code, error.description))
        return
    if isinstance(error, SignfleetError):
        status, body = status_of(error), ErrorBody(error.code, error.message, error.details)
        if isinstance(error, Unauthenticated):
            response.set_header("WWW-Authenticate", 'Bearer realm="signfleet", error="invalid_token"')
        elif isinstance(error, Throttled):
            response.set_header("Retry-After", str(error.retry_after))
    elif isinstance(error, falcon.HTTPError):
        status, body = _framework_error(request, error)
        response.set_headers(error.headers or {})
    elif isinstance(error, StorageError):
        log.error("storage failed: %s", error)
        status, body = 503, ErrorBody("unavailable", "The store cannot be reached at the moment; try again shortly.")
        response.set_header("Retry-After", "2")
    else:
        log.error("unexpected failure in %s %s", request.method, request.uri_template, exc_info=error)
        status, body = 500, ErrorBody("server_error", "The server failed unexpectedly; its log says why.")
    response.status = status
    response.content_type = error_type(request.get_header("Accept"))
    response.data = msgspec.json.encode(body)


def _framework_error(request: falcon.asgi.Request, error: falcon.HTTPError) -> tuple[int, ErrorBody]:
    status = error.status_code
    if status == 404:
        return status, ErrorBody("not_found", "There is nothing at this address.")
    if status == 405:
        allowed = dict(error.headers or {}).get("Allow", "")
        return status, ErrorBody("method_not_allowed", f"{request.method} is not allowed here; allowed: {allowed}.")
    return status, ErrorBody("invalid_request", error.description or error.title or "The request is malformed.")
