"""One client's connection: HTTP/1.1 read by httptools, one request after the other, within limits of size and time.

uvicorn listens and stops; this takes the place of its own protocol, which neither limits
heads nor watches the time, joins no answers and drops the requests that a client sent before it closed its half.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from signfleet.foundation import clock
from signfleet.foundation.errors import Throttled
from signfleet.foundation.wire import datetime
from signfleet.web.http.authority import plain_address
from signfleet.web.http.door import RESERVED_PATHS, Door, Place
from signfleet.web.http.exchange import Exchange
from signfleet.web.http.head import Head
from signfleet.web.http.reading import Reader
from signfleet.web.http.refusal import Refusal, Refused

#: Nothing more is read while so much of a body waits for the application.
BODY_BUFFER = 65_536
#: Seconds in which what a client still sends is thrown away, or it would lose the answer.
LINGER = 5.0

_NEVER = math.inf

log = structlog.get_logger("http")


class Connection(asyncio.Protocol):
    """Reads requests, runs the application for each, and writes the answers in the requests' order."""

    def __init__(
        self,
        door: Door,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._door = door
        self._limits = door.limits
        self._app = cast(Callable[..., Awaitable[None]], config.loaded_app)
        self._state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._head = head = Head(door.limits)
        self.on_url, self.on_header = head.add_target, head.add_field  # the parser's callbacks, without a detour
        self._reader = Reader(self, head, door.limits.head_size)
        self._unread = self._reader.unread
        self.address = ""
        self.place: Place = "open"
        self.deadline = _NEVER
        self.write_paused = False
        self._write_left = 0
        self._drained: asyncio.Future[None] | None = None
        #: The request that is being answered, those that wait for their turn, and the one whose body is being read.
        self._exchange: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._read_paused = False
        self._refusal: Refusal | None = None
        self._ignores = self._closing = self._stopping = self._eof = False

    # --- the transport ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._client = (plain_address(host), port)
        self._server = (transport.get_extra_info("sockname") or ("", 0))[:2]
        self.address = self._client[0]
        self._is_proxy = self._door.proxies.trusts(self.address)
        self._state.connections.add(cast(Any, self))
        self.deadline = self._loop.time() + self._limits.head_timeout
        place = self._door.enter(self, self._loop)
        if place == "address is full":
            self._fail(Refusal(429, Throttled.code, "This address has too many connections already.", place, 2))
        elif place == "server is full":
            self._fail(Refusal(503, "unavailable", "The server has too many connections already.", place, 2))

    def connection_lost(self, exc: Exception | None) -> None:
        self._ignores = self._closing = True
        self._state.connections.discard(cast(Any, self))
        self._door.leave(self)
        self._queue.clear()
        self._unread.clear()
        for exchange in (self._exchange, self._incoming):
            if exchange is not None:
                exchange.disconnect()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if not self._ignores:
            self._unread.append(data)
            self._read_on()

    def eof_received(self) -> bool:
        """The client sends no more, but may wait for its answers: true leaves the connection open for them."""
        self._eof = True
        if self._closing:
            return False
        return bool(self._unread) or self._input_is_over()

    def pause_writing(self) -> None:
        self.write_paused = True
        self._write_left = self._transport.get_write_buffer_size()
        self.deadline = self._loop.time() + self._limits.body_timeout

    def resume_writing(self) -> None:
        self.write_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if not self._closing:
            self._watch()

    def shutdown(self) -> None:
        """Finish the request under way and close; uvicorn calls this when the server stops."""
        self._stopping = True
        self._queue.clear()
        if self._exchange is None:
            self._close(lingers=False)
        else:
            self._exchange.keep_alive = False

    def expire(self, now: float) -> None:
        """End what has taken too long; the door calls this when the deadline is over."""
        left = self._transport.get_write_buffer_size()
        if left:
            if left <= self._write_left - self._limits.body_rate * self._limits.body_timeout:
                self._write_left = left
                self.deadline = now + self._limits.body_timeout
            else:
                self._door.refused("slow reader", self.address, now)
                self._transport.abort()
        elif self._closing:
            self._transport.abort()
        elif self._exchange is not None and self._exchange.waits_for_body:
            self._fail(Refusal(408, "timeout", "The body of the request came too slowly.", "slow body"))
        elif self._head.is_open:
            self._fail(Refusal(408, "timeout", "The head of the request came too slowly.", "slow head"))
        elif self._exchange is None:
            self._close(lingers=False)
        else:
            self.deadline = _NEVER

    # --- reading ------------------------------------------------------------------------------------------------------

    def _is_blocked(self) -> bool:
        """Whether what has come waits: for requests before it, or for the application to take a body."""
        return bool(self._queue) or (self._incoming is not None and len(self._incoming.body) > BODY_BUFFER)

    def _read_on(self) -> None:
        """Parse what has come as far as it is wanted now."""
        unread = self._unread
        while unread and not self._is_blocked() and not self._ignores:
            try:
                self._reader.feed()
            except Refused as refused:
                if not self._ignores:
                    self._fail(refused.refusal)
        if self._ignores:
            unread.clear()
        if self._closing:
            return
        if unread or self._is_blocked():
            if not self._read_paused:
                self._read_paused = True
                self._transport.pause_reading()
            return
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()
        if self._eof and not self._input_is_over():
            self._close(lingers=False)

    def _input_is_over(self) -> bool:
        """Drop what will never be whole; whether answers are still to be given."""
        if self._incoming is not None:
            self._incoming.disconnect()
            if self._incoming in self._queue:
                self._queue.remove(self._incoming)
            elif self._incoming is self._exchange:
                self._exchange = None
        return self._exchange is not None

    def _watch(self) -> None:
        """Set the deadline for what comes next."""
        now = self._loop.time()
        if self._exchange is not None:
            self.deadline = _NEVER
        elif self._head.is_open:
            self.deadline = now + self._limits.head_timeout
        else:
            self.deadline = now + (self._limits.idle_timeout if self._incoming is None else self._limits.body_timeout)

    # --- the parser's callbacks ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._reader.replays:
            return
        self._head.begin()
        if self._exchange is None:
            self.deadline = self._loop.time() + self._limits.head_timeout

    def on_headers_complete(self) -> None:
        self._head.moved = True
        if self._reader.replays:
            self._reader.replays = False
            return
        request = self._head.finish(self._reader.parser)
        scope = request.scope
        scope["server"], scope["client"] = self._server, self._client
        if self._is_proxy:
            self._door.proxies.apply(scope)
        keep_alive = request.keep_alive
        if self.place == "reserved":
            keep_alive = False
            if not scope["raw_path"].lower().startswith(RESERVED_PATHS):
                text = "The server has too many connections already; it answers health checks only."
                raise Refused(Refusal(503, "unavailable", text, "server is full", 2))
        exchange = Exchange(self, self._loop, scope, keep_alive=keep_alive)
        exchange.length, exchange.expects_continue = request.length, request.expects_continue
        self._incoming = exchange
        if self._reader.parser.should_upgrade():
            self._reader.framing = request.framing()
        if self._exchange is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)

    def on_body(self, body: bytes) -> None:
        self._head.moved = True
        exchange = self._incoming
        if exchange is not None:
            exchange.received += len(body)
            if not exchange.answered:
                exchange.body += body
                exchange.wake()

    def on_message_complete(self) -> None:
        self._head.moved = True
        if self._reader.framing:
            return
        if self._head.headers and self._head.is_too_long():  # of fields behind the body
            raise Refused(self._head.too_long())
        exchange, self._incoming = self._incoming, None
        if exchange is None:
            return
        exchange.more_body = False
        exchange.wake()
        if not exchange.keep_alive:
            self._ignores = True
        if exchange.answered:
            self._watch()

    # --- requests and answers -----------------------------------------------------------------------------------------

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.deadline = _NEVER
        task = self._loop.create_task(self._run(exchange), context=contextvars.Context())
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except BaseException as error:  # whatever it is, the client must not wait for an answer that never comes
            log.error("no answer could be given", exc_info=error)
        if not exchange.answered and not exchange.disconnected:
            self._transport.abort()

    def wait_for_body(self, exchange: Exchange) -> None:
        """The application waits for more of the body."""
        if exchange.expects_continue:
            exchange.expects_continue = False
            if not exchange.received:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        now = self._loop.time()
        exchange.wanted_since = exchange.wanted_since or now
        patience = self._limits.body_timeout
        in_all = exchange.wanted_since + patience + exchange.received / self._limits.body_rate
        self.deadline = min(now + patience, in_all)
        self._read_on()

    def body_came(self) -> None:
        self.deadline = _NEVER

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        while self.write_paused:
            self._drained = self._loop.create_future()
            await self._drained

    def date_line(self) -> bytes:
        """The `Date` of an answer that the application gives none: a refusal."""
        return b"date: %b" % datetime.format_http(clock.now()).encode()

    def answered(self, exchange: Exchange) -> None:
        """Go on with the next request, or wait for one."""
        self._state.total_requests += 1
        self._exchange = None
        if self._closing:
            return
        if not exchange.keep_alive or self._stopping:
            self._close(lingers=exchange.more_body)
        elif self._queue:
            self._start(self._queue.popleft())
            self._read_on()
        elif self._refusal is not None and self._ignores:
            self._fail(self._refusal)
        else:
            if not self.write_paused:
                self._watch()
            self._read_on()

    def _fail(self, refusal: Refusal) -> None:
        """Refuse what has come: at once, or after the answers to the requests before it; then close."""
        if self._closing:
            return
        incoming, self._incoming = self._incoming, None
        self._ignores = True
        self._unread.clear()
        if incoming is not None and incoming in self._queue:
            self._queue.remove(incoming)
        exchange = self._exchange
        if exchange is not None and exchange is not incoming:
            self._refusal = refusal
            return
        self._door.refused(refusal.reason, self.address, self._loop.time())
        if exchange is not None:
            self._exchange = None
            exchange.disconnect()
        if exchange is not None and exchange.started:
            self._transport.abort()
            return
        self.write(refusal.response(self.date_line()))
        self._close(lingers=self.place == "open")

    def _close(self, *, lingers: bool) -> None:
        """Close when all is written; `lingers` where the client may still send, or its system would drop the answer."""
        self._ignores = self._closing = True
        self._unread.clear()
        self._write_left = self._transport.get_write_buffer_size()
        now = self._loop.time()
        if lingers and not self._eof and not self._transport.is_closing() and self._transport.can_write_eof():
            self.deadline = now + LINGER
            self._transport.write_eof()
            if self._read_paused:
                self._read_paused = False
                self._transport.resume_reading()
        else:
            self.deadline = now + self._limits.body_timeout
            self._transport.close()
