"""Redirects clients with fixed host names of the vendor to the server under test.

A client that honours `HTTPS_PROXY` asks the proxy for a tunnel to `api.bsn.cloud:443`; the proxy answers as that host
does, with a certificate of its own authority, and passes the decrypted bytes on to the server.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme

HOSTS = ("api.bsn.cloud", "auth.bsn.cloud", "ws.bsn.cloud", "provision.bsn.cloud")


@dataclass(frozen=True)
class Proxy:
    """Where the proxy listens, and the file with the authority a client has to trust."""

    url: str
    authority: Path

    @property
    def environment(self) -> dict[str, str]:
        """Returns the variables that make a client built on `requests` use the proxy."""
        return {"HTTPS_PROXY": self.url, "REQUESTS_CA_BUNDLE": str(self.authority), "NO_PROXY": ""}


@contextmanager
def running_proxy(server_port: int, folder: Path) -> Iterator[Proxy]:
    """Serves `HOSTS` from a thread until the block ends; certificates go to `folder`."""
    authority = trustme.CA()
    authority_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(authority_file)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(tls)

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split()
            if request[0] != "CONNECT" or request[1] not in {f"{host}:443" for host in HOSTS}:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await writer.drain()
                await writer.start_tls(tls)
                upstream = await asyncio.open_connection("127.0.0.1", server_port)
                await asyncio.gather(pump(reader, upstream[1]), pump(upstream[0], writer))
        writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(tunnel, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, name="proxy")
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", authority_file)
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    target.close()


async def stop(server: asyncio.Server) -> None:
    server.close()
    tunnels = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tunnels:
        task.cancel()
    await asyncio.gather(*tunnels, return_exceptions=True)
