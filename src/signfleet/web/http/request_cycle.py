"""One request and its answer: translates between the application's ASGI messages and the connection's bytes.

The head of an answer waits for the first part of its body, so that a short answer is one write and one packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

from signfleet.foundation import clock
from signfleet.foundation.wire import datetime
from signfleet.web.http.answer_writer import AnswerWriter
from signfleet.web.http.media import EVENT_STREAM

Message = MutableMapping[str, Any]

#: A body up to this size is joined with its head; to copy a longer one costs more than a second write.
JOINED = 65_536
#: An answer closes the connection if more of the request's body than this is still to come.
DISCARDED = 65_536

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
CLOSE = b"connection: close"
_CHUNKED = b"transfer-encoding: chunked"
_EVENTS = EVENT_STREAM.encode()


class CycleOwner(Protocol):
    """What a cycle needs of its connection."""

    def wait_for_body(self, cycle: RequestCycle) -> None: ...
    def body_came(self) -> None: ...
    def answered(self, cycle: RequestCycle) -> None: ...


class RequestCycle:
    """A request being read and answered."""

    __slots__ = (
        "_chunked",
        "_delivered",
        "_head",
        "_loop",
        "_owner",
        "_waiter",
        "_writer",
        "answered",
        "body",
        "disconnected",
        "expects_continue",
        "has_body",
        "is_endless",
        "keep_alive",
        "length",
        "more_body",
        "received",
        "scope",
        "started",
        "wanted_since",
    )

    def __init__(
        self,
        owner: CycleOwner,
        writer: AnswerWriter,
        loop: asyncio.AbstractEventLoop,
        scope: dict[str, Any],
        *,
        keep_alive: bool,
    ) -> None:
        self._owner = owner
        self._writer = writer
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._delivered = False
        self._head = b""
        self._chunked = False
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = False
        #: The announced length of the request's body; None for a chunked one.
        self.length: int | None = 0
        self.body = bytearray()
        self.received = 0
        self.more_body = True
        #: When the application first waited for the body, in the loop's seconds; 0 before.
        self.wanted_since = 0.0
        self.has_body = True
        #: A client that sends no more has left: of a stream of events, or while the application waits for that.
        self.is_endless = False
        self.started = False
        self.answered = False
        self.disconnected = False

    @property
    def waits_for_body(self) -> bool:
        return self._waiter is not None and self._wants_body

    @property
    def _wants_body(self) -> bool:
        return self.more_body and not self.started

    def wake(self) -> None:
        """Lets `receive` look at what has arrived."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def disconnect(self) -> None:
        self.disconnected = True
        self.wake()

    async def receive(self) -> Message:
        """Returns the next part of the body; after the last, waits for the end of the connection or of the answer.

        When the answer has begun, what is missing of the body does not matter any more. An application that waits for
        the end before it answers asks whether the client has left: then one that sends no more has.
        """
        while not (self.disconnected or self.answered or self._has_part()):
            if self._delivered and not self.started:
                if self._writer.client_is_silent:
                    break
                self.is_endless = True
            wants_body = self._wants_body
            self._waiter = self._loop.create_future()
            if wants_body:
                self._owner.wait_for_body(self)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if wants_body:
                    self._owner.body_came()
        if self.disconnected or self.answered or not self._has_part():
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        self._delivered = not self.more_body
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def _has_part(self) -> bool:
        return not self.started and (bool(self.body) or (not self.more_body and not self._delivered))

    async def send(self, message: Message) -> None:
        """Writes the head of the answer, a part of its body, or both (`WHOLE`).

        Ignores what comes after the client has gone.
        """
        if self._writer.paused:
            await self._writer.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind != "http.response.body":
            self._start(message["status"], message.get("headers", ()))
            if kind == "http.response.start":
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
            self._writer.write(head)
        if body:
            self._writer.write(body)
        if not more:
            self.answered = True
            self._owner.answered(self)

    def _start(self, status: int, headers: Any) -> None:
        self.started = True
        if self.more_body and self._is_much():
            self.keep_alive = False
        names = dict(headers)
        self.is_endless = names.get(b"content-type") == _EVENTS
        lines = [STATUS_LINES[status], *map(b": ".join, headers)]
        if b"date" not in names:
            lines.append(b"date: %b" % datetime.format_http(clock.now()).encode())
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
            raise ValueError("A header of the answer contains a line break or NUL.")
        self._head = head

    def _is_much(self) -> bool:
        """Returns whether the rest of the request's body is too long to discard, or may never come."""
        return self.expects_continue or self.length is None or self.length - self.received > DISCARDED
