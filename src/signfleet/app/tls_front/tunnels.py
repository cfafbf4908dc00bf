"""A proxy for clients that honour HTTPS_PROXY: their connections to the host names end at the TLS listener."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

#: Bytes and seconds of the head of a request.
HEAD_LIMIT: Final = 8192
_PATIENCE: Final = 10.0
_PIECE: Final = 65_536


class Tunnels:
    """Tunnels to one address, for requests that name one of the hosts."""

    def __init__(self, hosts: Sequence[str], target: tuple[str, int]) -> None:
        self._hosts = {f"{host}:443" for host in hosts}
        self._target = target
        #: The addresses of clients, by the address and port from which their tunnels reach the target.
        self.origins: dict[tuple[str, int], str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        host = rest.partition(" ")[0].lower()
        if method != "CONNECT" or host not in self._hosts:
            text = f"This proxy leads to {', '.join(sorted(self._hosts))} only.\n".encode()
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))
            await writer.drain()
            return
        inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        place = inner_writer.get_extra_info("sockname")[:2]
        self.origins[place] = writer.get_extra_info("peername")[0]
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            del self.origins[place]
            inner_writer.close()

    async def end(self) -> None:
        """Ends all tunnels."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copies until the source ends."""
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()
    target.write_eof()
