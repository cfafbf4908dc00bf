"""Opaque tokens: 256 random bits for the client, their SHA-256 for the store."""

from __future__ import annotations

import hashlib
import secrets

#: What a kind of token may do by the contract; a person's or application's own scopes come on top of nothing.
PERSON_SCOPE = "bsn.api.self"
USER_SCOPE = "bsn.api.main bsn.api.self bsn.api.upload"
SETUP_SCOPE = "cert"
DEVICE_SCOPE = (
    "bdeploy certs bsn.api.device bsn.api.main.groups.regular.retrieve"
    " bsn.api.main.groups.regular.schedule.retrieve bsn.api.main.content.retrieve"
)


def new_token() -> str:
    """A new token; nothing in it means anything."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What the store knows of a token. A fast hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()
