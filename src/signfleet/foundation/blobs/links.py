"""Links to files that work for whoever holds them, expire, and cannot be guessed.

    /files/{expires}/{signature}/{name}

`expires` is in seconds since 1970 and the signature an HMAC-SHA256 over both, so that nothing has to be looked up.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

PREFIX = "/files"
LIFETIME = 24 * 3600
#: Links made within the same hour are the same, so that a browser finds in its cache what it has seen.
_STEP = 3600


class Links:
    """Signs names of files with `key`, 32 random bytes that all processes of an installation share."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def path(self, name: str, now: int) -> str:
        """The path of a link to `name` that works for a day, up to an hour more. `now` is in ms."""
        expires = (now // 1000 // _STEP + 1) * _STEP + LIFETIME
        return f"{PREFIX}/{expires}/{self._sign(expires, name)}/{name}"

    def admits(self, name: str, expires: str, signature: str, now: int) -> bool:
        """Whether a link was made by `path` and still works. `now` is in ms."""
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16 and signature.isascii()):
            return False
        is_ours = hmac.compare_digest(self._sign(int(expires), name), signature)
        return is_ours and now < int(expires) * 1000

    def _sign(self, expires: int, name: str) -> str:
        digest = hmac.digest(self._key, f"{expires}\n{name}".encode(errors="surrogatepass"), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
