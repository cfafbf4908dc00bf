"""Runs the server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial
from typing import Any

import structlog
import uvicorn

from signfleet import __version__
from signfleet.geography import places
from signfleet.http.application import Application
from signfleet.http.connection import Connection
from signfleet.http.door import Door, Limits, raise_open_files
from signfleet.http.proxies import TrustedProxies
from signfleet.settings import Settings, SettingsError
from signfleet.wiring import Services, build, make_app

#: Requests under way have so many seconds to finish after the signal to stop.
GRACE = 10

#: Runs beside the server, with its services and address, from when it answers; cancelled when it stops.
Companion = Callable[[Services, str], Awaitable[None]]

log = structlog.get_logger("server")

#: Seconds after which a thread that runs Python hands the interpreter to the event loop when that has something to do.
SWITCH_INTERVAL = 0.001


class CannotListen(Exception):
    """The address is taken or not one of this machine."""


def run(settings: Settings, companion: Companion | None = None) -> None:
    """Serve until SIGINT or SIGTERM, or until the companion fails.

    Raises `CannotListen`, `CannotOpen`, `SettingsError` or what the companion raised.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(settings, companion))


async def serve(settings: Settings, companion: Companion | None = None) -> None:
    """`run`, inside a running event loop of the main thread."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listen(settings.hosts, settings.port)]
        services = await build(settings)
        try:
            await asyncio.to_thread(places.load)  # or else the first device that is given coordinates holds up others
            services.background.start()
            server = _Server(configuration(make_app(services), settings))
            address = address_of(listeners[0])
            serving = asyncio.create_task(server.serve(sockets=listeners))
            log.info("listening", address=address, version=__version__)
            if companion is not None:
                beside = asyncio.ensure_future(companion(services, address))
                await _either(serving, beside, stop=server)
            await serving
            log.info("stopped")
        finally:
            await services.close()


async def _either(serving: asyncio.Future[None], beside: asyncio.Future[None], stop: uvicorn.Server) -> None:
    """Wait until the server stops, which ends the companion; or until the companion fails, which stops the server."""
    await asyncio.wait({serving, beside}, return_when=asyncio.FIRST_COMPLETED)
    if beside.done() and beside.exception() is not None:
        stop.should_exit = True
    await serving
    beside.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beside


class _Server(uvicorn.Server):
    """Stops at SIGINT and SIGTERM by returning. Uvicorn's own would die of the signal, the store still open."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, lambda number, frame: loop.call_soon_threadsafe(self.handle_exit, number, frame))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def configuration(app: Application, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to run `app`. Raises `SettingsError`."""
    try:
        proxies = TrustedProxies(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"setting 'trusted_proxies': {error}.") from error
    protocol: Any = partial(Connection, Door(Limits.of(settings, raise_open_files()), proxies))
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,  # `logs` has configured it
        access_log=False,  # the request log does that
        server_header=False,
        date_header=False,  # of its own: uvicorn's may be a second behind `Last-Modified`
        proxy_headers=False,  # the protocol does that
        timeout_graceful_shutdown=GRACE,
    )


def listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets that take connections from now on, at the same port; they are answered when the store is open."""
    listeners: list[socket.socket] = []
    try:
        for host in hosts:
            listeners.append(_listen(host, port, alone="0.0.0.0" not in hosts))  # noqa: S104 - compared only
            port = listeners[0].getsockname()[1]  # where any free port will do, the first finds it for all
    except CannotListen:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(host: str, port: int, *, alone: bool) -> socket.socket:
    """One socket. The unspecified IPv6 address takes IPv4 too where the system can, and if it is `alone` there."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        takes_both = address[0] == "::" and alone and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=takes_both)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"Cannot listen on {host} port {port}: {reason}.") from error


def address_of(listener: socket.socket) -> str:
    """How this machine reaches the listener: `http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    if host == "0.0.0.0" or (host == "::" and not listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)):  # noqa: S104 - compared only
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.new_event_loop
