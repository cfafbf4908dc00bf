"""Signs links to files: a link works for everybody who has it, expires, and cannot be guessed.

    /files/{expires}/{signature}/{name}

`expires` is in seconds since 1970. The signature is an HMAC-SHA256 of expiry and name: a request needs no look-up.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

PREFIX = "/files"
LIFETIME = 24 * 3600
#: Links of the same hour are equal, so that browsers can cache the files.
_STEP = 3600


class Links:
    """Signs names of files with `key`, 32 random bytes that all processes of an installation share."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def path(self, name: str, now: int) -> str:
        """Returns the path of a link to `name` that works for 24 to 25 hours. `now` is in ms."""
        expires = (now // 1000 // _STEP + 1) * _STEP + LIFETIME
        return f"{PREFIX}/{expires}/{self._sign(expires, name)}/{name}"

    def admits(self, name: str, expires: str, signature: str, now: int) -> bool:
        """Checks whether `path` made a link and it has not expired. `now` is in ms."""
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and signature.isascii()):
            return False
        is_ours = hmac.compare_digest(self._sign(int(expires), name), signature)
        return is_ours and now < int(expires) * 1000

    def _sign(self, expires: int, name: str) -> str:
        digest = hmac.digest(self._key, f"{expires}\n{name}".encode(errors="surrogatepass"), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
