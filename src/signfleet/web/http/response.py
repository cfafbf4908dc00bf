"""What goes back over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

import msgspec

#: Name, in small letters, and value.
Header = tuple[bytes, bytes]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: These have no body, not even an empty one.
_BODILESS = (204, 304)


class Response(msgspec.Struct):
    """A status, headers and a body, or a stream instead of a body that is too long to be put together first."""

    status: int
    headers: list[Header] = []
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None

    async def send(self, send: Send) -> None:
        """Send it as ASGI wants it."""
        headers = self.headers
        if self.stream is None and self.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if self.stream is not None:
            async for chunk in self.stream:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": self.body})


def header(name: str, value: str) -> Header:
    """A header as it is sent. What comes from outside cannot end it and begin another: text past Latin-1 is escaped."""
    return name.lower().encode("ascii"), value.encode("latin-1", "backslashreplace")


@lru_cache(maxsize=64)
def content_type(media_type: str) -> Header:
    """The header; JSON says its charset, since some clients take Latin-1 for granted where none is named."""
    says_all = ";" in media_type or not media_type.endswith("json")
    return header("Content-Type", media_type if says_all else f"{media_type}; charset=utf-8")


NO_STORE = header("Cache-Control", "no-store")
