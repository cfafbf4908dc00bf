"""Passes requests on to the server and streams its answers back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import structlog

from signfleet.foundation.wire.json import encode
from signfleet.web.http.errors import ErrorBody
from signfleet.web.http.media import JSON_TYPE
from signfleet.web.http.response import content_type, header

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
#: The addresses of clients whose connections come from this process, by the address and port they come from.
Origins = Mapping[tuple[str, int], str]

#: Fields that concern one connection, and those that the front alone may say.
_OWN: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer transfer-encoding"
    b" upgrade expect forwarded".split()
)
_FORWARDED: Final = b"x-forwarded-"
#: Seconds to connect to the server. Answers may take any time: streams never end.
_TIMEOUTS: Final = {"connect": 10.0, "pool": 10.0, "read": None, "write": None}
#: Seconds that an idle connection is used again, less than the server leaves it open.
_IDLE: Final = 30.0

log = structlog.get_logger("tls_front")


class _Left(Exception):
    """The client has gone before its request was complete."""


class Forwarding:
    """The application behind the TLS listener."""

    def __init__(self, server: str, origins: Origins) -> None:
        self._server = server
        parts = urlsplit(server)
        self._base = parts.path.rstrip("/").encode("ascii")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._origin = (parts.scheme.encode(), (parts.hostname or "").encode("idna"), port)
        self._origins = origins
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=None, max_keepalive_connections=64, keepalive_expiry=_IDLE
        )

    async def close(self) -> None:
        await self._pool.aclose()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Forwards one request. A client that leaves ends its request at the server too."""
        body = _Body(receive)
        work = asyncio.create_task(self._forward(scope, body, send))
        left = asyncio.create_task(body.until_left())
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, left):
                task.cancel()
            await asyncio.wait({work, left})
        if not work.cancelled():
            work.result()

    async def _forward(self, scope: Message, body: _Body, send: Send) -> None:
        query: bytes = scope["query_string"]
        target = self._base + scope["raw_path"] + (b"?" + query if query else b"")
        scheme, host, port = self._origin
        url = httpcore.URL(scheme=scheme, host=host, port=port, target=target)
        request = httpcore.Request(
            scope["method"], url, headers=self._headers(scope), content=body, extensions={"timeout": _TIMEOUTS}
        )
        try:
            answer = await self._pool.handle_async_request(request)
        except _Left:
            return
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            log.warning("the server does not answer", server=self._server, reason=str(error) or type(error).__name__)
            await self._fail(send)
            return
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": _passed(answer.headers)})
            async for part in answer.aiter_stream():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            # Without its last part the answer is incomplete, and the connection ends: the client notices.
            log.warning("an answer broke off", server=self._server, reason=str(error) or type(error).__name__)
        else:
            await send({"type": "http.response.body"})
        finally:
            await answer.aclose()

    def _headers(self, scope: Message) -> list[Header]:
        """Returns the fields of a request, and who sends it: what clients say of that themselves is dropped."""
        client: tuple[str, int] = scope["client"]
        fields = [field for field in _passed(scope["headers"]) if not field[0].startswith(_FORWARDED)]
        if any(name == b"transfer-encoding" for name, _ in scope["headers"]):
            fields.append((b"transfer-encoding", b"chunked"))
        said = {b"for": self._origins.get(client, client[0]).encode(), b"proto": b"https"}
        said[b"host"] = dict(fields).get(b"host", b"")
        return fields + [(_FORWARDED + name, value) for name, value in said.items()]

    async def _fail(self, send: Send) -> None:
        content = encode(ErrorBody("bad_gateway", f"The server {self._server} does not answer; is it running?"))
        headers = [content_type(JSON_TYPE), header("Content-Length", str(len(content)))]
        await send({"type": "http.response.start", "status": 502, "headers": headers})
        await send({"type": "http.response.body", "body": content})


class _Body:
    """The body of a request, part by part as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_complete = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _Left
            more = message["more_body"]
            if message["body"]:
                yield message["body"]
        self._is_complete.set()

    async def until_left(self) -> None:
        """Waits until the client leaves. While its body arrives, reading that notices it."""
        await self._is_complete.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _passed(headers: list[Header]) -> list[Header]:
    """Returns the fields that concern more than one connection, with names in lower case."""
    lower = [(name.lower(), value) for name, value in headers]
    named = {name.strip().lower() for key, value in lower if key == b"connection" for name in value.split(b",")}
    return [field for field in lower if field[0] not in _OWN and field[0] not in named]
