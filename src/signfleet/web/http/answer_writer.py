"""Writes answers to a connection, and measures how fast the client reads them."""

from __future__ import annotations

import asyncio


class AnswerWriter:
    """The outgoing half of one connection."""

    __slots__ = ("_drained", "_left", "_loop", "_transport", "paused")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        #: Whether the transport's buffer is full: who writes more has to `drain` first.
        self.paused = False
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
        """Whether the client took `size` bytes since the measuring began; if so, the measuring begins again."""
        left = self.left
        if left > self._left - size:
            return False
        self._left = left
        return True
