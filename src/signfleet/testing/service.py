"""An installation that tests reset, seed and move in time while it runs.

A reset builds every service again over an emptied store, so that no cache, throttle or limit survives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import structlog

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, build, endpoints, gate, services_by_type
from signfleet.console import wiring as console
from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.open import CannotOpen, is_missing, open_store, revision_of
from signfleet.foundation.wire import datetime
from signfleet.testing import schemas, store
from signfleet.testing.accounts import ACCOUNTS, CLIENT_ID, CLIENT_SECRET, bootstrap_for_tests
from signfleet.testing.crew import Crew
from signfleet.testing.faults import FaultList
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.endpoint import Endpoint
from signfleet.web.http.response import Receive, Send

#: Seconds that running requests have to finish before a reset empties the store.
PATIENCE = 5.0
_OWN = "/testing/"

WARNING = "tests may erase this store and move its clock: anybody who reaches the server may, without a token"

log = structlog.get_logger("testing")


async def refuse_store_of_tests(services: Services) -> None:
    """Raises `CannotOpen` for a store with public credentials."""
    if await store.is_marked(services.store):
        raise CannotOpen("This store belongs to a testing server, whose credentials are public; use another one.")


class Testbed:
    """The services of a testing server, and the ASGI application over them.

    `more` are the endpoints that only a testing server has.
    """

    __test__ = False  # pytest takes classes of this name for tests

    def __init__(self, settings: Settings, more: Iterable[Endpoint]) -> None:
        self._settings = settings
        self.faults = FaultList()
        self._endpoints = endpoints(*more)
        self.faults.know(self._endpoints)
        self._lock = asyncio.Lock()
        #: Closed during a reset.
        self._gate = asyncio.Event()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        #: What a reset closes, in reverse order of opening.
        self._parts = AsyncExitStack()
        self._own = (_OWN, urlsplit(settings.public_base).path.lower() + _OWN)
        self.services: Services
        self._application: AsgiApp
        self._tenant: Tenant
        self._crew: Crew

    async def open(self) -> None:
        """Empties and seeds the store. Raises `CannotOpen` for one that is not of a testing server."""
        url = self._settings.database_url
        is_new = is_missing(url) or await revision_of(url) is None
        opened = await open_store(url, connections=2, upgrade=is_new)  # a refused store does not change
        try:
            if await store.is_in_use(opened) and not await store.is_marked(opened):
                raise CannotOpen("This store is in use; a testing server empties its store, so give it one of its own.")
        finally:
            await opened.close()
        await self._fill(schemas.Seed())
        log.warning(WARNING)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers a request; waits for a running reset first."""
        if scope["path"].lower().startswith(self._own):
            await self._application(scope, receive, send)
            return
        while not self._gate.is_set():
            await self._gate.wait()
        self._under_way += 1
        self._idle.clear()
        try:
            await self._application(scope, receive, send)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    def end_streams(self) -> None:
        """Ends the streams of events."""
        self._application.end_streams()

    async def reset(self, seed: schemas.Seed) -> schemas.Installation:
        """Deletes everything and seeds again: the same seed gives the same ids, and credentials stay."""
        async with self._lock:
            self._gate.clear()
            try:
                self.faults.clear()
                self.end_streams()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._idle.wait(), PATIENCE)
                await self._parts.aclose()
                clock.set_ahead(0)
                await self._fill(seed)
            finally:
                self._gate.set()
            return await self._description()

    async def seed(self, seed: schemas.Seed) -> schemas.Installation:
        """Joins more players."""
        async with self._lock:
            with self.faults.suspended():
                await self._crew.join(seed)
            return await self._description()

    async def describe(self) -> schemas.Installation:
        """Returns accounts and simulated players."""
        async with self._lock:
            return await self._description()

    async def advance(self, seconds: int) -> schemas.Clock:
        """Advances the clock, then runs players and background jobs once. Raises `Invalid`."""
        async with self._lock:
            ahead = clock.ahead() + seconds * 1000
            if ahead > schemas.LONGEST_LEAP * 1000:
                raise Invalid(f"'seconds': the clock can be at most {schemas.LONGEST_LEAP} seconds ahead.")
            clock.set_ahead(ahead)
            with self.faults.suspended():
                await self._crew.catch_up()
            await self.services.background.run_all()
            return self.clock()

    def clock(self) -> schemas.Clock:
        """Returns the time."""
        return schemas.Clock(datetime.format(clock.now()), clock.ahead() // 1000)

    def players(self) -> list[schemas.Player]:
        """Returns the simulated players."""
        return self._crew.list_()

    async def change_player(self, serial: str, condition: schemas.Condition) -> schemas.Player:
        """Changes the condition of a player. Raises `NotFound`."""
        async with self._lock:
            with self.faults.suspended():
                return await self._crew.change(serial, condition)

    async def close(self) -> None:
        """Closes the installation and sets the clock back to the system's."""
        async with self._lock:
            await self._parts.aclose()
            clock.set_ahead(0)

    async def _fill(self, seed: schemas.Seed) -> None:
        """Empties the store and its files, builds the services and seeds."""
        names = await self._empty()
        self.services = services = await build(self._settings)
        self._parts.push_async_callback(services.close)
        by_type = {**services_by_type(services), Testbed: self}
        served = [*self._endpoints, *console.endpoints()]
        self._application = AsgiApp(served, by_type, gate(services), intercept=self.faults.intercept)
        await services.blobs.delete(names)
        self._delete_mails()
        self._tenant = await bootstrap_for_tests(services)
        token = await services.provisioning.issue(self._tenant.network_id, clock.now())
        self._crew = Crew(self._application, token.token)
        self._parts.push_async_callback(self._crew.stop)
        await self._crew.join(seed)
        self._crew.start()
        services.background.start()
        self._gate.set()

    async def _empty(self) -> list[str]:
        """Empties the store and returns the names of its files."""
        opened = await open_store(self._settings.database_url, connections=2)
        try:
            names = await store.file_names(opened)
            await store.empty(opened)
        finally:
            await opened.close()
        return names

    def _delete_mails(self) -> None:
        for path in (self._settings.data_folder / "outbox").glob("*.eml"):
            path.unlink(missing_ok=True)

    async def _description(self) -> schemas.Installation:
        tenant = self._tenant
        return schemas.Installation(
            network=tenant.network,
            network_id=tenant.network_id,
            login=tenant.login,
            password=tenant.password,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            accounts=ACCOUNTS,
            devices=await store.devices(self.services.store, [player.serial for player in self._crew.list_()]),
        )


@asynccontextmanager
async def opened(settings: Settings, more: Iterable[Endpoint]) -> AsyncIterator[Testbed]:
    """Yields a testbed and closes it after the block. Raises `CannotOpen`."""
    testbed = Testbed(settings, more)
    try:
        await testbed.open()
        yield testbed
    finally:
        await testbed.close()
