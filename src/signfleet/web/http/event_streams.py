"""Streams of events to clients (`text/event-stream`, as browsers' EventSource reads it).

A handler answers with `EventStreams.answer(call, pump)`. `pump` runs as a task for as long as the stream is open and
pushes messages:

    async def pump(stream: EventStream) -> None:
        with store.listening(topic) as woken:
            while True:
                woken.clear()
                for item in await read_new():
                    stream.push(message(encode(item), id_=str(item.id), kind="command"))
                await stream.room()  # waits for a slow reader
                await woken.wait()

What is the same for all streams happens here: a comment as heart-beat when nothing else is sent, so that proxies and
clients see that the connection lives; a bounded buffer; and the end: when the client leaves, when the server stops,
when the token of the stream ends (`identity.access.stream_guard`), or when a reader is so slow that the buffer
overflows. A last message `end` has the reason. Clients connect again with the id of the last message that they have
read, so no end loses anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Gauge

from signfleet.foundation.errors import Unavailable
from signfleet.foundation.wire.json import encode
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.errors import STOPPING
from signfleet.web.http.media import EVENT_STREAM

#: Seconds without a message after which a comment is sent.
BEAT_SECONDS: Final = 25.0
#: Bytes that wait for a reader, beside what the connection buffers; a slower reader is disconnected.
BUFFER_LIMIT: Final = 262_144
#: `room` waits while more than so many bytes wait.
BUFFER_ROOM: Final = 65_536

#: Milliseconds after which a client connects again.
_BEGIN: Final = b"retry: 3000\n\n"
_BEAT: Final = b":\n\n"
#: Proxies such as nginx pass each message on at once.
_HEADERS: Final = {"X-Accel-Buffering": "no"}

OPEN = Gauge("signfleet_event_streams", "Event streams that are open.")

log = structlog.get_logger("streams")


def message(data: bytes, *, id_: str = "", kind: str = "") -> bytes:
    """Returns one message; `data` is compact JSON, which has no line breaks."""
    head = (f"id: {id_}\n" if id_ else "") + (f"event: {kind}\n" if kind else "")
    return b"%bdata: %b\n\n" % (head.encode(), data)


def asks_for_stream(call: Call) -> bool:
    """Returns whether the client names the media type of streams in its Accept header."""
    return EVENT_STREAM in (call.header(b"accept") or "").lower()


class EventStream:
    """An open stream: what is pushed waits in a bounded buffer until the client takes it."""

    __slots__ = (
        *("_beat", "_buffer", "_pump", "_reason", "_recheck", "_room", "_sent", "_size", "_streams", "_waiter"),
        *("session", "token"),
    )

    def __init__(
        self, streams: EventStreams, call: Call, pump: Pump, recheck: Recheck | None, token: str | None = None
    ) -> None:
        self.token = call.bearer_token if token is None else token
        self.session = call.session
        self._streams = streams
        self._pump = pump
        self._recheck = recheck
        self._buffer: list[bytes] = []
        self._size = 0
        self._reason: str | None = None
        #: When something was sent last, in the loop's seconds, and the timer of the next heart-beat.
        self._sent = 0.0
        self._beat: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def push(self, chunk: bytes) -> None:
        """Sends whole messages; ends the stream when too much waits already."""
        if self._reason is not None:
            return
        if self._size + len(chunk) > BUFFER_LIMIT and self._buffer:
            self.end("The client reads too slowly.")
            return
        self._buffer.append(chunk)
        self._size += len(chunk)
        _wake(self._waiter)

    async def room(self) -> None:
        """Waits until the client has taken most of what was pushed."""
        while self._size > BUFFER_ROOM and self._reason is None:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def end(self, reason: str) -> None:
        """Ends the stream after what was pushed."""
        if self._reason is None:
            self._reason = reason
            _wake(self._waiter)
            _wake(self._room)

    async def goes_on_for(self, session: Session) -> bool:
        """Returns whether the stream may go on although the session or its permissions have changed."""
        may = self._recheck is None or await self._recheck(session)
        self.session = session
        return may

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yields what to send. The stream is open until this generator is closed."""
        loop = asyncio.get_running_loop()
        self._streams.add(self)
        pumping = asyncio.create_task(self._run())
        self._beat = loop.call_later(BEAT_SECONDS, self._wake_for_beat)
        try:
            yield _BEGIN
            while self._buffer or self._reason is None:
                self._sent = loop.time()
                if not self._buffer:
                    await self._wait()
                chunk = b"".join(self._buffer)
                self._buffer.clear()
                self._size = 0
                _wake(self._room)
                if chunk or self._reason is None:
                    yield chunk or _BEAT
            yield message(encode({"reason": self._reason}), kind="end")
        finally:
            self._streams.discard(self)
            self._beat.cancel()
            pumping.cancel()
            await asyncio.wait((pumping,))

    async def _wait(self) -> None:
        """Waits for a message, the end, or the time of a heart-beat."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake_for_beat(self) -> None:
        """Wakes the stream if nothing was sent for long. One timer for all messages: to set one for each costs more."""
        loop = asyncio.get_running_loop()
        due = self._sent + BEAT_SECONDS - loop.time()
        if due <= 0:
            _wake(self._waiter)
        self._beat = loop.call_later(due if due > 0 else BEAT_SECONDS, self._wake_for_beat)

    async def _run(self) -> None:
        try:
            await self._pump(self)
        except Exception:
            log.exception("an event stream failed")
            self.end("The server failed.")


#: Pushes messages for as long as a stream is open; it may also return.
Pump = Callable[[EventStream], Awaitable[None]]
#: Returns whether a stream may go on for a changed session.
Recheck = Callable[[Session], Awaitable[bool]]


class EventStreams:
    """The open streams of this process."""

    def __init__(self) -> None:
        self.open: set[EventStream] = set()
        self._is_stopping = False

    def answer(self, call: Call, pump: Pump, recheck: Recheck | None = None, token: str | None = None) -> Answer:
        """Answers with a stream that `pump` fills. `recheck` looks at the session again when that has changed.

        `token` is that of the session where the call does not carry it as its bearer token, but in a cookie.
        Raises `Unavailable` while the server stops.
        """
        if self._is_stopping:
            raise Unavailable(STOPPING)
        stream = EventStream(self, call, pump, recheck, token)
        return Answer(stream=stream.chunks(), media_type=EVENT_STREAM, headers=_HEADERS)

    def add(self, stream: EventStream) -> None:
        self.open.add(stream)
        OPEN.inc()
        if self._is_stopping:
            stream.end(STOPPING)

    def discard(self, stream: EventStream) -> None:
        self.open.discard(stream)
        OPEN.dec()

    def stop(self) -> None:
        """Ends all streams and accepts no more."""
        self._is_stopping = True
        for stream in self.open:
            stream.end(STOPPING)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
