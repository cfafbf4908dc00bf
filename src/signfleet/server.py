"""Runs the server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Generator

import structlog
import uvicorn

from signfleet import __version__
from signfleet.geography import places
from signfleet.http.application import Application
from signfleet.http.corking import CorkedProtocol
from signfleet.settings import Settings
from signfleet.wiring import Services, build, make_app

#: Requests under way have so many seconds to finish after the signal to stop.
GRACE = 10
#: Players and clients that poll keep their connection; so do proxies in front, for a minute as a rule.
KEEP_ALIVE = 75

#: Runs beside the server, with its services and address, from when it answers; cancelled when it stops.
Companion = Callable[[Services, str], Awaitable[None]]

log = structlog.get_logger("server")


class CannotListen(Exception):
    """The address is taken or not one of this machine."""


def run(settings: Settings, companion: Companion | None = None) -> None:
    """Serve until SIGINT or SIGTERM, or until the companion fails.

    Raises `CannotListen`, `CannotOpen` or what the companion raised.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(settings, companion))


async def serve(settings: Settings, companion: Companion | None = None) -> None:
    """`run`, inside a running event loop of the main thread."""
    with _listen(settings.host, settings.port) as listener:
        services = await build(settings)
        try:
            await asyncio.to_thread(places.load)  # or else the first device that is given coordinates holds up others
            services.background.start()
            server = _Server(configuration(make_app(services), settings))
            address = address_of(listener)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
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
    """How uvicorn is to run `app`."""
    return uvicorn.Config(
        app,
        http=CorkedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,  # `logs` has configured it
        access_log=False,  # the request log does that
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; they are answered when the store is open."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"Cannot listen on {host} port {port}: {reason}.") from error


def address_of(listener: socket.socket) -> str:
    """How this machine reaches the listener: `http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told apart, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.new_event_loop
