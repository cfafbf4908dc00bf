"""Sends one request to an address that somebody else has chosen: no redirects, no proxies, bounded in time and size."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpcore

from signfleet import __version__
from signfleet.notify.outbox.channel import printable
from signfleet.notify.webhooks.addresses import Address, WebhookAddresses

#: Seconds for a request: from the name's resolution to what is read of the answer.
TIMEOUT: Final = 10.0
#: Bytes that are read of an answer, and characters of it that the log shows.
ANSWER_LIMIT: Final = 2048
EXCERPT: Final = 500
#: How many addresses of a name are tried.
ATTEMPTS: Final = 3

#: Threads of its own: a name server that does not answer blocks no other work.
_RESOLVERS: Final = ThreadPoolExecutor(4, thread_name_prefix="resolve")


class Response(NamedTuple):
    """The answer of a receiver; the excerpt is printable."""

    status: int
    excerpt: str
    retry_after: int


class NoResponse(Exception):
    """There was no answer, and why."""


class WebhookClient:
    """Posts to URLs. TLS certificates are verified; `SSL_CERT_FILE` names other authorities than the system's."""

    def __init__(self, addresses: WebhookAddresses, timeout: float = TIMEOUT) -> None:
        self._addresses = addresses
        self._timeout = timeout
        self._ssl: ssl.SSLContext | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Sends the request and returns how its answer begins. Raises `NoResponse`."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(url, headers, body)
        except TimeoutError as error:
            raise NoResponse(f"no complete answer within {self._timeout:g} seconds") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise NoResponse(_reason(error)) from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        parts = urlsplit(url)
        is_secure = parts.scheme == "https"
        if is_secure and self._ssl is None:
            self._ssl = await asyncio.to_thread(ssl.create_default_context)
        backend = _CheckedBackend(self._addresses, is_secure=is_secure)
        sent = {
            "Host": parts.netloc,
            "User-Agent": f"signfleet/{__version__}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        pool = httpcore.AsyncConnectionPool(ssl_context=self._ssl, network_backend=backend)
        async with pool, pool.stream("POST", url, headers=list(sent.items()), content=body) as response:
            text = await _beginning(response)
            return Response(response.status, text, _retry_after(response.headers))


async def _beginning(response: httpcore.Response) -> str:
    """Returns how the body begins, as printable text; the rest is not read."""
    read = b""
    async for chunk in response.aiter_stream():
        read += chunk[: ANSWER_LIMIT - len(read)]
        if len(read) >= ANSWER_LIMIT:
            break
    return printable(read.decode("utf-8", "replace"))[:EXCERPT]


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Returns the seconds of a `Retry-After` header; 0 for none, and for a date."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return int(value) if value.isdigit() and len(value) < 7 else 0


def _reason(error: Exception) -> str:
    text = printable(str(error)) or "the connection failed"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        text = f"the certificate is not accepted: {text.partition('verify failed: ')[2].partition(' (_ssl')[0]}"
    return text[:EXCERPT]


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, and connects only to addresses that webhooks may reach."""

    def __init__(self, addresses: WebhookAddresses, *, is_secure: bool) -> None:
        self._addresses = addresses
        self._is_secure = is_secure
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first admitted address that answers."""
        admitted = [each for each in await _resolved(host, port) if self._is_admitted(each)]
        if not admitted:
            raise NoResponse(_refusal(is_secure=self._is_secure))
        failure: Exception | None = None
        for address in admitted[:ATTEMPTS]:
            try:
                return await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.NetworkError as error:
                failure = error
        raise NoResponse("the connection was refused or failed") from failure

    def _is_admitted(self, address: Address) -> bool:
        return self._addresses.admits(address, is_secure=self._is_secure)


def _refusal(*, is_secure: bool) -> str:
    if is_secure:
        return "the name has no address that webhooks may reach: private and special ones need the server's setting"
    return "plain HTTP is only for addresses that the server's setting 'webhook_addresses' names; use https"


async def _resolved(host: str, port: int) -> list[Address]:
    """Returns the addresses of a name, in the resolver's order. Raises `NoResponse`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_RESOLVERS, _look_up, host, port)
    except (OSError, UnicodeError) as error:
        raise NoResponse("the name of the host cannot be resolved") from error
    return list(dict.fromkeys(ipaddress.ip_address(text.partition("%")[0]) for text in found))


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
