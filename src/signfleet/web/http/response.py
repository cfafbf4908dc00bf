"""The HTTP response, and how it is sent over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any

import msgspec

#: Name, in small letters, and value.
Header = tuple[bytes, bytes]

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: A message, and the extension of ASGI that allows it: both of "http.response.start" and "http.response.body".
WHOLE = "signfleet.response.whole"
#: Of ASGI, in the scope of each request.
EXTENSIONS: dict[str, dict[str, str]] = {WHOLE: {}}

#: These have no body, not even an empty one.
_BODILESS = (204, 304)


class Response(msgspec.Struct):
    """A status, headers and a body, or a stream instead of a body that is too long to be put together first."""

    status: int
    headers: list[Header] = []
    body: bytes = b""
    stream: AsyncGenerator[bytes, None] | None = None
    #: How many bytes of a stream were sent.
    streamed: int = 0

    async def send(self, send: Send, *, whole: bool) -> None:
        """Sends an answer in one piece; in one message if `whole`."""
        headers = self.headers
        if self.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(self.body)))
        if whole:
            await send({"type": WHOLE, "status": self.status, "headers": headers, "body": self.body})
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    async def send_stream(self, receive: Receive, send: Send, *, has_body: bool = True) -> bool:
        """Sends a stream, and closes it when it ends or the client leaves. Returns whether the client got all of it.

        `has_body` is false for HEAD, which gets the head alone. Raises what the stream raises.
        """
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        sending = asyncio.create_task(self._send_chunks(send, has_body=has_body))
        leaving = asyncio.create_task(_disconnect(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:  # also where the server stops and cancels this task
            leaving.cancel()
            sending.cancel()
            await asyncio.wait((sending,))
        if sending.cancelled():
            return False
        sending.result()
        return True

    async def _send_chunks(self, send: Send, *, has_body: bool) -> None:
        assert self.stream is not None
        async with aclosing(self.stream) as stream:
            if has_body:
                async for chunk in stream:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    self.streamed += len(chunk)
        await send({"type": "http.response.body", "body": b""})


async def _disconnect(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def header(name: str, value: str) -> Header:
    """Returns a header as it is sent, with text beyond Latin-1 escaped. The connection rejects line breaks."""
    return name.lower().encode("ascii"), value.encode("latin-1", "backslashreplace")


@lru_cache(maxsize=64)
def content_type(media_type: str) -> Header:
    """Returns the header. JSON names its charset, since some clients assume Latin-1 otherwise."""
    says_all = ";" in media_type or not media_type.endswith("json")
    return header("Content-Type", media_type if says_all else f"{media_type}; charset=utf-8")


NO_STORE = header("Cache-Control", "no-store")
