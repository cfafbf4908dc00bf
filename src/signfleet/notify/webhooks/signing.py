"""Keys and signatures of webhooks, in the form of the Standard Webhooks specification.

A secret is not stored: it is derived from a key of the installation and a random salt in the webhook's row, so that
neither lists, audit entries nor a dump of the table contain one, and a new salt is a new secret.

The signature is an HMAC-SHA-256 of `{id}.{timestamp}.{body}`, in base64 behind `v1,`. While two keys are valid there
are two signatures, separated by a space.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

SALT_BYTES: Final = 16
PREFIX: Final = "whsec_"


class WebhookKeys:
    """Derives the keys of webhooks from `master`, 32 random bytes that all processes of an installation share."""

    def __init__(self, master: bytes) -> None:
        self._master = hmac.digest(master, b"webhooks", "sha256")

    def secret(self, salt: bytes) -> str:
        """Returns the secret as receivers store it: `whsec_` and the key in base64."""
        return PREFIX + b64encode(self._key(salt)).decode()

    def headers(self, message_id: str, seconds: int, body: bytes, salts: Iterable[bytes]) -> Mapping[str, str]:
        """Returns the headers that identify and sign a request; `seconds` since 1970 is when it is sent."""
        signed = f"{message_id}.{seconds}.".encode() + body
        signatures = [b64encode(hmac.digest(self._key(salt), signed, "sha256")).decode() for salt in salts]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    def _key(self, salt: bytes) -> bytes:
        return hmac.digest(self._master, salt, "sha256")
