"""What the answers of the server mean to a simulated player."""

from __future__ import annotations

import httpx


class Refused(Exception):
    """The server refuses this request for good."""


class TokenRefused(Refused):
    """The server does not accept the access token any more."""


class TryLater(Exception):
    """No answer, or a temporary refusal; `seconds` is the server's `Retry-After`, if given."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def check(answer: httpx.Response, path: str) -> None:
    """Raises `TryLater`, `TokenRefused` or `Refused` for a failure. A command that may not begin (409) is none."""
    if answer.status_code in {429, 500, 502, 503, 504}:
        seconds = answer.headers.get("Retry-After", "")
        raise TryLater(float(seconds) if seconds.isdecimal() else None)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise TokenRefused(_reason(answer))
    if answer.status_code >= 400 and not (answer.status_code == httpx.codes.CONFLICT and path.startswith("commands/")):
        raise Refused(_reason(answer))


def _reason(answer: httpx.Response) -> str:
    return f"{answer.request.method} {answer.request.url.path} {answer.status_code} {answer.text[:300]}"
