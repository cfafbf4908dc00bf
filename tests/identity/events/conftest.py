"""A server that streams: over a real socket, in the loop of the test, so that both see the same services."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from signfleet.app.server import Server, address_of, configuration
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation.settings import Settings


@asynccontextmanager
async def serving(services: Services, settings: Settings) -> AsyncIterator[str]:
    """Serves with these services; yields the address."""
    app = make_app(services)
    server = Server(configuration(app, settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        services.background.start()
        try:
            yield address_of(listener)
        finally:
            app.end_streams()
            server.should_exit = True
            await task


@pytest.fixture
async def live(services: Services, settings: Settings) -> AsyncIterator[str]:
    """The address of a server over `services`."""
    async with serving(services, settings) as address:
        yield address


@pytest.fixture
async def neighbour(settings: Settings) -> AsyncIterator[str]:
    """The address of another server over the same store."""
    services = await build(settings)
    with suppress(asyncio.CancelledError):
        async with serving(services, settings) as address:
            yield address
    await services.close()
