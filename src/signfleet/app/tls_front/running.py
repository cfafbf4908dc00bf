"""Runs the front until a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import structlog
import uvicorn

from signfleet.app.server import Server, address_of, listen, loop_factory
from signfleet.app.tls_front.certificates import CannotCertify, Certificates
from signfleet.app.tls_front.forwarding import Forwarding
from signfleet.app.tls_front.tunnels import HEAD_LIMIT, Tunnels
from signfleet.foundation.stop_signals import StopSignals
from signfleet.web.http.connection import Connection
from signfleet.web.http.connection_limits import ConnectionTracker, Limits, raise_open_files
from signfleet.web.http.proxies import TrustedProxies

#: Seconds that running requests have to finish after the signal to stop; streams never do.
GRACE: Final = 2
#: Seconds between two looks whether the certificate is about to expire.
LOOK: Final = 21_600

log = structlog.get_logger("tls_front")


class Plan(NamedTuple):
    """Where to listen, for which names, and the server behind; no port for the proxy is no proxy."""

    server: str
    hosts: Sequence[str]
    port: int
    proxy_port: int | None
    names: Sequence[str]


class Addresses(NamedTuple):
    """Where the front listens."""

    front: str
    proxy: str | None


Announce = Callable[[Addresses], None]


def run(plan: Plan, certificates: Certificates, announce: Announce) -> None:
    """Serves until SIGINT or SIGTERM. Raises `CannotListen`."""
    with StopSignals() as stop, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(plan, certificates, announce, stop))


async def _serve(plan: Plan, certificates: Certificates, announce: Announce, stop: StopSignals) -> None:
    async with contextlib.AsyncExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listen(plan.hosts, plan.port)]
        front = address_of(listeners[0]).replace("http:", "https:")
        tunnels = Tunnels(plan.names, (urlsplit(front).hostname or "", urlsplit(front).port or 0))
        forwarding = Forwarding(plan.server, tunnels.origins)
        stack.push_async_callback(forwarding.close)
        proxies = [] if plan.proxy_port is None else listen(plan.hosts, plan.proxy_port)
        for listener in proxies:
            proxy = await asyncio.start_server(tunnels.serve, sock=stack.enter_context(listener), limit=HEAD_LIMIT)
            stack.callback(proxy.close)
        stack.push_async_callback(tunnels.end)
        web = _server(forwarding, certificates)
        serving = asyncio.create_task(web.serve(sockets=listeners))
        renewing = asyncio.create_task(_renew(certificates, web.config))
        stopping = asyncio.create_task(stop.wait())
        log.info("listening", address=front, server=plan.server)
        announce(Addresses(front, address_of(proxies[0]) if proxies else None))
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (renewing, stopping):
            task.cancel()
        web.should_exit = True
        await serving
        log.info("stopped")


def _server(app: Any, certificates: Certificates) -> Server:
    """Returns the server with the limits of the real one for connections, requests and slow clients."""
    limits = Limits(connections=max(raise_open_files() // 2 - 64, 16))
    protocol: Any = partial(Connection, ConnectionTracker(limits, TrustedProxies("")))
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=certificates.server,
    )
    config.load()
    return Server(config)


async def _renew(certificates: Certificates, config: uvicorn.Config) -> None:
    """Replaces the certificate before it expires; connections from then on see the new one."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await asyncio.to_thread(certificates.prepare)
            assert isinstance(config.ssl, ssl.SSLContext)
            config.ssl.load_cert_chain(certificates.server)
        except CannotCertify as error:
            log.warning("cannot renew the certificate", reason=str(error))
