"""Makes opaque tokens: the client gets 256 random bits, the store their SHA-256."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Returns a new random token, which encodes nothing."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Returns the hash of a token for the store. A fast hash suffices: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).digest()
