"""One client's connection: parses HTTP/1.1 with httptools, one request after the other, within limits of size and time.

uvicorn listens and stops; this class replaces its protocol, which limits neither the size nor the time of a head, sends
head and body apart, and drops the requests that a client sent before it closed its half of the connection.
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

from signfleet.web.http.answer_writer import AnswerWriter
from signfleet.web.http.authority import plain_address
from signfleet.web.http.connection_limits import ConnectionTracker, Slot, check_reserved, rejection_of
from signfleet.web.http.rejection import Rejection, RequestRejected
from signfleet.web.http.request_cycle import RequestCycle
from signfleet.web.http.request_head import RequestHead
from signfleet.web.http.request_parser import RequestParser

#: The connection reads no more while so many bytes of a body wait for the application.
BODY_BUFFER = 65_536
#: After an answer that closes the connection, discard what the client still sends for so many seconds: to close at once
#: would reset the connection, and the client would lose the answer.
LINGER = 5.0

_NEVER = math.inf

log = structlog.get_logger("http")


class Connection(asyncio.Protocol):
    """Reads requests, runs the application for each, and writes the answers in the requests' order."""

    def __init__(
        self,
        tracker: ConnectionTracker,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._tracker = tracker
        self._limits = tracker.limits
        self._app = cast(Callable[..., Awaitable[None]], config.loaded_app)
        self._state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._head = head = RequestHead(tracker.limits, tracker.known_heads)
        self.on_url, self.on_header = head.add_target, head.add_field  # the parser's callbacks, without a detour
        self._parser = RequestParser(self, head, tracker.limits.head_size)
        self._unread = self._parser.unread
        self.address = ""
        self.slot: Slot = "open"
        self.deadline = _NEVER
        #: The request that is being answered, those that wait for their turn, and the one whose body is being read.
        self._cycle: RequestCycle | None = None
        self._queue: deque[RequestCycle] = deque()
        self._incoming: RequestCycle | None = None
        self._read_paused = False
        self._rejection: Rejection | None = None
        self._ignores = self._closing = self._stopping = self._eof = False

    # --- the transport ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writer = AnswerWriter(self._transport, self._loop)
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._client = (plain_address(host), port)
        self._server = (transport.get_extra_info("sockname") or ("", 0))[:2]
        self.address = self._client[0]
        self._is_proxy = self._tracker.proxies.trusts(self.address)
        self._state.connections.add(cast(Any, self))
        self.deadline = self._loop.time() + self._limits.head_timeout
        if (rejection := rejection_of(self._tracker.add(self, self._loop))) is not None:
            self._fail(rejection)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ignores = self._closing = True
        self._state.connections.discard(cast(Any, self))
        self._tracker.remove(self)
        self._queue.clear()
        self._unread.clear()
        for cycle in (self._cycle, self._incoming):
            if cycle is not None:
                cycle.disconnect()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._ignores:
            return
        is_busy = self._cycle or self._incoming or self._unread or self._head.is_open or self.slot != "open"
        if not is_busy and (scope := self._tracker.known_heads.find(data)) is not None:
            cycle = self._cycle_of(scope, keep_alive=True)
            cycle.more_body = False
            self._start(cycle)
        else:
            self._unread.append(data)
            self._read_on()

    def eof_received(self) -> bool:
        """Returns whether the connection stays open: a client that sends no more may still wait for its answers."""
        self._eof = self._writer.client_is_silent = True
        return not self._closing and (bool(self._unread) or self._input_is_over())

    def pause_writing(self) -> None:
        self._writer.pause()
        self.deadline = self._loop.time() + self._limits.body_timeout

    def resume_writing(self) -> None:
        self._writer.resume()
        if not self._closing:
            self._watch()

    def shutdown(self) -> None:
        """Finishes the request under way and closes; uvicorn calls this when the server stops."""
        self._stopping = True
        self._queue.clear()
        if self._cycle is None:
            self._close(lingers=False)
        else:
            self._cycle.keep_alive = False

    def expire(self, now: float) -> None:
        """Ends what takes too long; the tracker calls this after the deadline."""
        if self._writer.left:
            if self._writer.has_sent(self._limits.body_rate * self._limits.body_timeout):
                self.deadline = now + self._limits.body_timeout
            else:
                self._tracker.count_rejection("slow reader", self.address, now)
                self._transport.abort()
        elif self._closing:
            self._transport.abort()
        elif self._cycle is not None and self._cycle.waits_for_body:
            self._fail(Rejection(408, "timeout", "The body of the request came too slowly.", "slow body"))
        elif self._head.is_open:
            self._fail(Rejection(408, "timeout", "The head of the request came too slowly.", "slow head"))
        elif self._cycle is None:
            self._close(lingers=False)
        else:
            self.deadline = _NEVER

    # --- reading ------------------------------------------------------------------------------------------------------

    def _is_blocked(self) -> bool:
        """Returns whether the next bytes wait for requests before them, or for the application to take a body."""
        return bool(self._queue) or (self._incoming is not None and len(self._incoming.body) > BODY_BUFFER)

    def _read_on(self) -> None:
        """Parses what has arrived, until it is blocked."""
        unread = self._unread
        while unread and not self._is_blocked() and not self._ignores:
            try:
                self._parser.feed()
            except RequestRejected as error:
                if not self._ignores:
                    self._fail(error.rejection)
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
        """Drops the request that will never be complete. Returns whether another one is being answered to its end."""
        if self._incoming is not None:
            self._incoming.disconnect()
            if self._incoming in self._queue:
                self._queue.remove(self._incoming)
            elif self._incoming is self._cycle:
                self._cycle = None
        return self._cycle is not None and not self._cycle.is_endless

    def _watch(self) -> None:
        """Sets the deadline for what comes next."""
        now = self._loop.time()
        if self._cycle is not None:
            self.deadline = _NEVER
        elif self._head.is_open:
            self.deadline = now + self._limits.head_timeout
        else:
            self.deadline = now + (self._limits.idle_timeout if self._incoming is None else self._limits.body_timeout)

    # --- the parser's callbacks ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._parser.replays:
            return
        self._head.begin()
        if self._cycle is None:
            self.deadline = self._loop.time() + self._limits.head_timeout

    def on_headers_complete(self) -> None:
        self._head.moved = True
        if self._parser.replays:
            self._parser.replays = False
            return
        request = self._head.finish(self._parser.parser)
        scope, keep_alive = request.scope, request.keep_alive
        if self.slot == "reserved":
            keep_alive = False
            check_reserved(scope["raw_path"])
        cycle = self._incoming = self._cycle_of(scope, keep_alive=keep_alive)
        cycle.length, cycle.expects_continue = request.length, request.expects_continue
        if self._parser.parser.should_upgrade():
            self._parser.framing = request.framing()
        if self._cycle is None:
            self._start(cycle)
        else:
            self._queue.append(cycle)

    def on_body(self, body: bytes) -> None:
        self._head.moved = True
        cycle = self._incoming
        if cycle is not None:
            cycle.received += len(body)
            if not cycle.answered:
                cycle.body += body
                cycle.wake()

    def on_message_complete(self) -> None:
        self._head.moved = True
        if self._parser.framing:
            return
        if self._head.headers and self._head.is_too_long():  # of fields behind the body
            raise RequestRejected(self._head.too_long())
        cycle, self._incoming = self._incoming, None
        if cycle is None:
            return
        cycle.more_body = False
        cycle.wake()
        if not cycle.keep_alive:
            self._ignores = True
        if cycle.answered:
            self._watch()

    # --- requests and answers -----------------------------------------------------------------------------------------

    def _cycle_of(self, scope: dict[str, Any], *, keep_alive: bool) -> RequestCycle:
        scope["server"], scope["client"] = self._server, self._client
        if self._is_proxy:
            self._tracker.proxies.apply(scope)
        return RequestCycle(self, self._writer, self._loop, scope, keep_alive=keep_alive)

    def _start(self, cycle: RequestCycle) -> None:
        self._cycle = cycle
        self.deadline = _NEVER
        task = self._loop.create_task(self._run(cycle), context=contextvars.Context())
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self, cycle: RequestCycle) -> None:
        try:
            await self._app(cycle.scope, cycle.receive, cycle.send)
        except asyncio.CancelledError:  # the server stops before a stream ends
            pass
        except BaseException as error:  # of any kind: the client must not wait for an answer that never comes
            log.error("the application failed to answer", exc_info=error)
        if not cycle.answered and not cycle.disconnected:
            self._transport.abort()

    def wait_for_body(self, cycle: RequestCycle) -> None:
        """Sets the deadline while the application waits for more of the body, and reads on."""
        if cycle.expects_continue:
            cycle.expects_continue = False
            if not cycle.received:
                self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        now = self._loop.time()
        cycle.wanted_since = cycle.wanted_since or now
        patience = self._limits.body_timeout
        in_all = cycle.wanted_since + patience + cycle.received / self._limits.body_rate
        self.deadline = min(now + patience, in_all)
        self._read_on()

    def body_came(self) -> None:
        self.deadline = _NEVER

    def answered(self, cycle: RequestCycle) -> None:
        """Goes on with the next request, or waits for one."""
        self._state.total_requests += 1
        self._cycle = None
        if self._closing:
            return
        if not cycle.keep_alive or self._stopping:
            self._close(lingers=cycle.more_body)
        elif self._queue:
            self._start(self._queue.popleft())
            self._read_on()
        elif self._rejection is not None and self._ignores:
            self._fail(self._rejection)
        else:
            if not self._writer.paused:
                self._watch()
            self._read_on()

    def _fail(self, rejection: Rejection) -> None:
        """Rejects what has arrived, at once or after the answers to the requests before it; then closes."""
        if self._closing:
            return
        incoming, self._incoming = self._incoming, None
        self._ignores = True
        self._unread.clear()
        if incoming is not None and incoming in self._queue:
            self._queue.remove(incoming)
        cycle = self._cycle
        if cycle is not None and cycle is not incoming:
            self._rejection = rejection
            return
        self._tracker.count_rejection(rejection.reason, self.address, self._loop.time())
        if cycle is not None:
            self._cycle = None
            cycle.disconnect()
        if cycle is not None and cycle.started:
            self._transport.abort()
            return
        self._writer.write(rejection.response())
        self._close(lingers=self.slot == "open")

    def _close(self, *, lingers: bool) -> None:
        """Closes when everything is written. `lingers`: the client may still be sending, see `LINGER`."""
        self._ignores = self._closing = True
        self._unread.clear()
        self._writer.start_measuring()
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
