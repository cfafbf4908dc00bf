"""Errors of the token endpoints, which follow OAuth 2.0 (RFC 6749, section 5.2)."""

from __future__ import annotations

from signfleet.foundation.errors import SignfleetError


class OAuthError(SignfleetError):
    """An error of the token endpoints, in OAuth's own body: `{"error", "error_description"}`."""

    def __init__(self, status: int, code: str, description: str | None, headers: dict[str, str] | None = None) -> None:
        super().__init__(description or "")
        self.status = status
        self.code = code
        self.description = description
        self.headers = headers or {}
