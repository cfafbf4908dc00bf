"""One request and its answer: what the application receives and sends, between the connection's bytes.

The head of an answer waits for the first part of its body, so that a short answer is one write and one packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

Message = MutableMapping[str, Any]

#: Bodies up to this size are joined with their head; copying a longer one costs more than a second write.
JOINED = 65_536
#: An answer to a request with more of its body still to come than this closes the connection.
DISCARDED = 65_536

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
CLOSE = b"connection: close"
_CHUNKED = b"transfer-encoding: chunked"


class Line(Protocol):
    """The connection that carries an exchange."""

    write_paused: bool

    def wait_for_body(self, exchange: Exchange) -> None: ...
    def body_came(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def date_line(self) -> bytes: ...
    def answered(self, exchange: Exchange) -> None: ...


class Exchange:
    """A request being read and answered."""

    __slots__ = (
        "_chunked",
        "_delivered",
        "_head",
        "_line",
        "_loop",
        "_waiter",
        "answered",
        "body",
        "disconnected",
        "expects_continue",
        "has_body",
        "keep_alive",
        "length",
        "more_body",
        "received",
        "scope",
        "started",
        "wanted_since",
    )

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop, scope: dict[str, Any], *, keep_alive: bool) -> None:
        self._line = line
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._delivered = False
        self._head = b""
        self._chunked = False
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = False
        #: The announced length of the body; None for a chunked one.
        self.length: int | None = 0
        self.body = bytearray()
        self.received = 0
        self.more_body = True
        #: When the application first waited for the body, in the loop's seconds; 0 before.
        self.wanted_since = 0.0
        self.has_body = True
        self.started = False
        self.answered = False
        self.disconnected = False

    @property
    def waits_for_body(self) -> bool:
        return self._waiter is not None and self.more_body

    def wake(self) -> None:
        """Let the application look at what has come."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def disconnect(self) -> None:
        self.disconnected = True
        self.wake()

    async def receive(self) -> Message:
        """The next part of the body; after the last, the end of the connection."""
        while not (self.body or self.disconnected or self.answered or (not self.more_body and not self._delivered)):
            self._waiter = self._loop.create_future()
            if self.more_body:
                self._line.wait_for_body(self)
            try:
                await self._waiter
            finally:
                self._waiter = None
                self._line.body_came()
        if self.disconnected or self.answered:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        self._delivered = not self.more_body
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """Take the head of the answer, or a part of its body."""
        if self._line.write_paused:
            await self._line.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
            return
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        head, self._head = self._head, b""
        if not self.has_body:
            body = b""
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        if len(body) <= JOINED:
            head += body
            body = b""
        if head:
            self._line.write(head)
        if body:
            self._line.write(body)
        if not more:
            self.answered = True
            self._line.answered(self)

    def _start(self, status: int, headers: Any) -> None:
        self.started = True
        if self.more_body and self._is_much():
            self.keep_alive = False
        names = dict(headers)
        lines = [STATUS_LINES[status], *map(b": ".join, headers)]
        if b"date" not in names:
            lines.append(self._line.date_line())
        self.has_body = self.scope["method"] != "HEAD" and status not in (204, 304)
        if self.has_body and b"content-length" not in names:
            if self.scope["http_version"] == "1.1":
                self._chunked = True
                lines.append(_CHUNKED)
            else:
                self.keep_alive = False  # the end of the connection is the end of the body
        if not self.keep_alive:
            lines.append(CLOSE)
        lines.append(b"\r\n")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            raise ValueError("A header of the answer holds a line break or NUL.")
        self._head = head

    def _is_much(self) -> bool:
        """Whether what is missing of the body is too much to read for nothing, or may never come."""
        return self.expects_continue or self.length is None or self.length - self.received > DISCARDED
