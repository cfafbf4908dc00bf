"""A receiver of webhooks on this machine that misbehaves as it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

Writer = asyncio.StreamWriter


class Received(NamedTuple):
    """A request as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """What came, and how to answer: `answer` is a status, or a function that writes what it likes."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answer: int | Callable[[Writer], Awaitable[None]] = 200
        self.port = 0
        self.arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def close(self) -> None:
        """Ends what still answers."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the sockets close in the loop's next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append(Received(first.split()[1], headers, body))
            self.arrived.set()
            if callable(self.answer):
                await self.answer(writer)
            else:
                text = b"taken \x1b[31m\x00" if self.answer == 200 else b"no"
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (self.answer, len(text), text))
            await writer.drain()
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Yields a receiver that listens on 127.0.0.1."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()


async def endless_body(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b"a" * 1024 + b"\r\n")
        await writer.drain()


async def endless_head(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


async def silence(_writer: Writer) -> None:
    await asyncio.Event().wait()


async def drip(writer: Writer) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def nonsense(writer: Writer) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


async def nothing(_writer: Writer) -> None:
    """Closes at once."""


def redirect_to(url: str) -> Callable[[Writer], Awaitable[None]]:
    async def answer(writer: Writer) -> None:
        writer.write(f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


async def come_back_later(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")


def saying(answer: bytes) -> Callable[[Writer], Awaitable[None]]:
    """Returns an answer of these bytes, after which the connection closes."""

    async def say(writer: Writer) -> None:
        writer.write(answer)

    return say


async def reset(writer: Writer) -> None:
    writer.transport.abort()


async def endless_continue(writer: Writer) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
        await writer.drain()


#: Answers that are none, or none that accepts a message.
REFUSING = (
    500,
    reset,
    nothing,
    silence,
    endless_head,
    endless_continue,
    saying(b"HTTP/1.1 200 OK\r\nContent-Le"),
    saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nha"),
    saying(b"HTTP/1.1 OK 200\r\n\r\n"),
    saying(b"HTTP/1.1 999 Fine\r\nContent-Length: 0\r\n\r\n"),
    saying(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
)
