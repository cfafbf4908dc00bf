"""Runs the server until a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any

import structlog
import uvicorn

from signfleet import __version__
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation.geography import places
from signfleet.foundation.settings import Settings, SettingsError
from signfleet.foundation.stop_signals import StopSignals
from signfleet.testing.routes import endpoints as testing_endpoints
from signfleet.testing.service import Testbed, opened, refuse_store_of_tests
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.connection import Connection
from signfleet.web.http.connection_limits import ConnectionTracker, Limits, raise_open_files
from signfleet.web.http.proxies import TrustedProxies

#: Seconds that running requests have to finish after the signal to stop.
GRACE = 10

#: Runs beside the server with its services and address; cancelled before the server stops. The process is not ready
#: until the companion ends or calls `services.readiness.release()`.
Companion = Callable[[Services, str], Awaitable[None]]

log = structlog.get_logger("server")

#: Seconds after which a thread that runs Python yields the interpreter to a waiting event loop.
SWITCH_INTERVAL = 0.001

#: After how many new objects Python looks for cyclic garbage among them, and after how many such looks among older
#: ones. Requests in progress have more than the usual 700, so that it would look at them again and again.
COLLECTIONS = (10_000, 10, 10)


class CannotListen(Exception):
    """The address is in use, or does not belong to this machine."""


def run(settings: Settings, companion: Companion | None = None) -> None:
    """Serves until SIGINT or SIGTERM, or until the companion fails.

    Raises `CannotListen`, `CannotOpen`, `SettingsError` or what the companion raised.
    """
    with StopSignals() as stop, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(settings, companion, stop))


async def serve(settings: Settings, companion: Companion | None, stop: StopSignals) -> None:
    """Runs the server inside a running event loop of the main thread."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    with contextlib.ExitStack() as stack:
        if stop.came:
            return
        ports = [settings.port, *{settings.monitoring_port} - {0, settings.port}]
        listeners = [stack.enter_context(listener) for port in ports for listener in listen(settings.hosts, port)]
        if settings.testing:
            demand_loopback(listeners, settings)
        async with _tested(settings) if settings.testing else _opened(settings) as (app, services):
            if stop.came:
                return
            services.readiness.withhold("the first start is not finished")
            server = Server(configuration(app, settings))
            address = address_of(listeners[0])
            serving = asyncio.create_task(server.serve(sockets=listeners))
            log.info("listening", address=address, version=__version__)
            beside = asyncio.create_task(_accompany(companion, services, address))
            await _until_stopped(server, serving, beside, stop, app)
            log.info("stopped")


@contextlib.contextmanager
def _few_collections() -> Generator[None]:
    """Excepts what the server consists of from Python's search for cyclic garbage: it stops all requests for 0.1 s."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[AsgiApp, Services]]:
    """Yields the running services and the application over them."""
    services = await build(settings)
    try:
        await refuse_store_of_tests(services)
        await asyncio.to_thread(places.load)  # lazily, it would block requests at the first coordinates
        services.background.start()
        with _few_collections():
            yield make_app(services), services
    finally:
        await services.close()


@contextlib.asynccontextmanager
async def _tested(settings: Settings) -> AsyncIterator[tuple[Testbed, Services]]:
    """Yields an installation that tests may empty, and its first services, which a reset replaces."""
    async with opened(settings, testing_endpoints) as testbed:
        yield testbed, testbed.services


def demand_loopback(listeners: Sequence[socket.socket], settings: Settings) -> None:
    """Raises `SettingsError` if another machine could reach a testing server without `testing_beyond_loopback`."""
    for listener in listeners:
        address = listener.getsockname()[0]
        if not ip_address(address).is_loopback and not settings.testing_beyond_loopback:
            raise SettingsError(
                f"setting 'testing': anybody who reaches {address} could erase the store; listen on 127.0.0.1, or set"
                " 'testing_beyond_loopback' as well."
            )


async def _accompany(companion: Companion | None, services: Services, address: str) -> None:
    """Runs the companion, then marks the process ready and waits to be cancelled."""
    if companion is not None:
        await companion(services, address)
    services.readiness.release()
    await asyncio.Event().wait()


async def _until_stopped(
    server: uvicorn.Server,
    serving: asyncio.Task[None],
    beside: asyncio.Task[None],
    stop: StopSignals,
    app: AsgiApp | Testbed,
) -> None:
    """Waits until the server ends, the companion fails or a signal arrives; stops the companion, then the server.

    Raises the companion's error unless a signal came first: an error during the stop is no failure.
    """
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, beside, stopping}, return_when=asyncio.FIRST_COMPLETED)
    has_failed = beside.done() and not stop.came
    for task in (beside, stopping):
        task.cancel()
    await asyncio.wait({beside, stopping})
    app.end_streams()
    server.should_exit = True
    await serving
    if not beside.cancelled() and (error := beside.exception()) is not None and has_failed:
        raise error


class Server(uvicorn.Server):
    """Ignores signals, because the companion must end before the server and the store close after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def configuration(app: AsgiApp | Testbed, settings: Settings) -> uvicorn.Config:
    """Returns the configuration with which uvicorn runs `app`. Raises `SettingsError`."""
    try:
        proxies = TrustedProxies(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"setting 'trusted_proxies': {error}.") from error
    protocol: Any = partial(Connection, ConnectionTracker(Limits.of(settings, raise_open_files()), proxies))
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,  # `logs` has configured it
        access_log=False,  # the request log does that
        server_header=False,
        date_header=False,  # ours agrees with `Last-Modified`; uvicorn's may be a second behind
        proxy_headers=False,  # the protocol does that
        timeout_graceful_shutdown=GRACE,
    )


def listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Opens sockets on one port. Connections queue there until the store is open."""
    listeners: list[socket.socket] = []
    try:
        for host in hosts:
            listeners.append(_listen(host, port, alone="0.0.0.0" not in hosts))  # noqa: S104 - compared only
            port = listeners[0].getsockname()[1]  # with port 0 the first socket chooses the port for all
    except CannotListen:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(host: str, port: int, *, alone: bool) -> socket.socket:
    """Opens one socket. `::` accepts IPv4 too if the system can and it is the only host (`alone`)."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        takes_both = address[0] == "::" and alone and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=takes_both)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"Cannot listen on {host} port {port}: {reason}.") from error


def address_of(listener: socket.socket) -> str:
    """Returns the URL by which this machine reaches the listener: `http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    if host == "0.0.0.0" or (host == "::" and not listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)):  # noqa: S104 - compared only
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.new_event_loop
