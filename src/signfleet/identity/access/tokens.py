"""Opaque tokens: 256 random bits for the client, their SHA-256 for the store."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """A new token; nothing in it means anything."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What the store knows of a token. A fast hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()
