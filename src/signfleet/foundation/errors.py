"""The errors of requests, independent of HTTP.

Services raise these; `signfleet.web.http.errors` turns each into the contract's error body. A message is one sentence
that a person can act on and names the field, parameter or position at fault.
"""

from __future__ import annotations


def phrase(text: str) -> str:
    """Marks a part of a message, such as a hint at its end, which is translated by itself."""
    return text


class SignfleetError(Exception):
    """Base of every error that a caller caused and can correct."""

    code = "error"
    #: After how many whole seconds another attempt makes sense; None if that is unknown.
    retry_after: int | None = None

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(SignfleetError):
    """The request is malformed or breaks a rule (400)."""

    code = "invalid_request"


def of_another(member: str, entity: str, given: object, own: object) -> Invalid:
    """Returns the error for a body in which `member` names another entity than the path."""
    return Invalid(f"'{member}': the body is of {entity} '{given}', the path of {entity} '{own}'; correct one.")


class Unauthenticated(SignfleetError):
    """No token, or one that is unknown, expired or revoked (401)."""

    code = "invalid_token"


class MissingToken(Unauthenticated):
    """No token was sent, or other credentials (401): the challenge has no error code (RFC 6750, section 3.1)."""


class MissingPassword(Unauthenticated):
    """No password was sent, or a wrong one, for pages that people open in a browser, which asks for it (401)."""


class Forbidden(SignfleetError):
    """The token is valid, but does not allow this (403)."""

    code = "access_denied"


class NotFound(SignfleetError):
    """There is no such thing, or the caller may not see it (404)."""

    code = "not_found"

    @classmethod
    def in_network(cls, kind: str, ref: str) -> NotFound:
        """Returns the error for an id or name of which the caller sees nothing in the network."""
        return cls(f"There is no {kind} '{ref}' in this network.")


class Conflict(SignfleetError):
    """It exists already (409)."""

    code = "conflict"


class Stale(SignfleetError):
    """The entity changed since the caller read it (412)."""

    code = "precondition_failed"


class TooLarge(SignfleetError):
    """A body or value exceeds its limit (413)."""

    code = "too_large"


class Throttled(SignfleetError):
    """Too many attempts (429)."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(SignfleetError):
    """The server, or something that it needs, is down; retry after `retry_after` whole seconds (503)."""

    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(Unavailable):
    """The server has too much work at the moment (503)."""
