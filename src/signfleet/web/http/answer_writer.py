"""Writes answers to a connection, and measures how fast the client reads them."""

from __future__ import annotations

import asyncio
import socket

#: Seconds after which a reset that a write caused has arrived, from nearby.
RESET_DELAY = 0.01


class AnswerWriter:
    """The outgoing half of one connection."""

    __slots__ = ("_drained", "_left", "_loop", "_transport", "client_is_silent", "paused")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        #: Whether the transport's buffer is full: who writes more has to `drain` first.
        self.paused = False
        #: Whether the client sends no more. The transport does not read any more, so it would notice only at the
        #: second write from now on that the client has not closed its half alone, but left.
        self.client_is_silent = False
        self._drained: asyncio.Future[None] | None = None
        #: What was left to send when the measuring began.
        self._left = 0

    @property
    def left(self) -> int:
        """How many bytes the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
            if self.client_is_silent:
                self._loop.call_later(RESET_DELAY, self._abort_if_reset)

    def _abort_if_reset(self) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._transport.abort()

    def pause(self) -> None:
        self.paused = True
        self.start_measuring()

    def resume(self) -> None:
        self.paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def drain(self) -> None:
        """Waits until the buffer has room, or the connection is lost."""
        while self.paused:
            self._drained = self._loop.create_future()
            await self._drained

    def start_measuring(self) -> None:
        self._left = self.left

    def has_sent(self, size: float) -> bool:
        """Returns whether the client took `size` bytes since the measuring began; if so, the measuring begins again."""
        left = self.left
        if left > self._left - size:
            return False
        self._left = left
        return True
