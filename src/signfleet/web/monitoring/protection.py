"""Decides who may read metrics and documentation: by default everybody, else by a secret or on another port."""

from __future__ import annotations

import binascii
from base64 import b64decode
from hmac import compare_digest

from signfleet.foundation.errors import MissingPassword, NotFound
from signfleet.foundation.settings import Settings
from signfleet.web.http.call import Call


def protect(call: Call, settings: Settings) -> None:
    """Raises `NotFound` on another port than the setting's, and `MissingPassword` without the setting's secret."""
    if settings.monitoring_port and call.port != settings.monitoring_port:
        raise NotFound(f"There is nothing at '{call.path}' on this port.")
    if settings.monitoring_token and not compare_digest(_secret(call).encode(), settings.monitoring_token.encode()):
        raise MissingPassword(
            "The server's 'monitoring_token' is needed: send it as 'Authorization: Bearer <token>', or as a password."
        )


def _secret(call: Call) -> str:
    scheme, _, value = (call.header(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""
