"""Growth: what larger fleets cost, beside the same of 10,000 devices or beside a get-one of the same fleet

The services that serve the requests run in one process over each store; all sizes take turns. Figures are ms of CPU
time, of all threads of the process, on PostgreSQL of the clock. Every figure follows a write, which empties the caches.
A row that ends with `beside a get-one` has that, of the same fleet, as reference; the others have the smallest fleet.
`start` and `memory` are of `signfleet serve`: CPU seconds until it answers, and MB after a mixed load.

GROWTH="sqlite:10000,100000,1000000 postgresql:10000" names other sizes. BENCH_FLEETS names a folder where the fleets
stay for the next run. A million devices take minutes to make and 16 GB on SQLite, so they are no default; fleets of
`LARGE` and more are measured where they are, and left as they were.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from sqlalchemy import bindparam, select

from bench import http_load
from bench.fleet import multiply
from bench.measure_permissions import session
from bench.servers import copy_fleet, folder_of_fleets, prepared_fleet, serving
from bench.table import Row
from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, build
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.health.sweep import HealthSweep
from signfleet.foundation import clock
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.postgres_address import connect
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_status, permission, setting
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.access.permission_store import INSERT_PERMISSION
from signfleet.web.caller.session import Session
from signfleet.web.contract.paging import ListQuery
from tests.api import MAIN
from tests.fleet.devices.stored import register
from tests.postgres import running_postgres

SIZES = "sqlite:10000,50000 postgresql:10000,50000"
ROUNDS = 5
#: Work that takes less CPU time (s) is repeated within a round.
SHORT = 0.02
PAGE, RULES, LOOKED_AT = 100, 1000, 1000
#: A fleet of so many devices is not copied.
LARGE = 500_000
#: A user with a thousand devices allowed.
USER = 999_983
#: Seconds of the mixed load.
SECONDS = 3.0
#: Steps of the health sweep that are measured.
STEPS = 20
CLEAR = Query(
    permission.delete().where(permission.c.network_id == bindparam("network_id"), permission.c.principal_id == USER)
)
#: How many devices come due at once, and when they come due again afterwards.
MANY, LATER = 10_000, 1 << 42
MAKE_DUE = Query(
    device_status.update()
    .where(
        device_status.c.network_id == bindparam("in_network"),
        device_status.c.status_date.is_not(None),
        device_status.c.device_id <= bindparam("last_id"),
    )
    .values(health_due_date=bindparam("due"))
)
WRITE = Query(setting.delete().where(setting.c.name == "bench"))
#: The first and the last id of a fleet, which has all between them.
_ids = select(device.c.id).where(device.c.network_id == bindparam("network_id")).limit(1)
ENDS = Query(
    select(
        _ids.order_by(device.c.id).scalar_subquery().label("first"),
        _ids.order_by(device.c.id.desc()).scalar_subquery().label("last"),
    )
)
DEEP = Query(
    select(device.c.name_order, device.c.id)
    .where(device.c.network_id == bindparam("network_id"), device.c.name_order > "w")
    .order_by(device.c.name_order, device.c.id)
    .limit(1)
)
BY_NAME, NOT_ONE_MODEL = "[Settings].[Name] ASC", "[Model] IS NOT 'HD1024'"
SEARCH = "[Settings].[Description] CONTAINS 'kiosk quay lobby 7'"


@dataclass(frozen=True)
class Fleet:
    """A network of one size, and the callers."""

    size: int
    services: Services
    ids: range
    #: The devices that people look at: some from all over the fleet, which the machine has in its memory.
    looked_at: list[int]
    marker: str
    administrator: Session
    user: Session

    @property
    def store(self) -> Store:
        return self.services.store


Work = Callable[[Fleet], Awaitable[object]]


def _list(sort: str | None, *, filter_: str | None = None, deep: bool = False, user: bool = False) -> Work:
    async def work(fleet: Fleet) -> None:
        query = ListQuery(filter_, sort, fleet.marker if deep else None, PAGE)
        await fleet.services.devices.list_(fleet.user if user else fleet.administrator, query)

    return work


async def get_one(fleet: Fleet) -> None:
    await fleet.services.devices.get(fleet.administrator, str(random.choice(fleet.looked_at)))


async def regions(fleet: Fleet) -> None:
    await fleet.services.regions.below(fleet.administrator, "", None)


async def overview(fleet: Fleet) -> None:
    for count in (fleet.services.device_counts.by_health, fleet.services.device_counts.by_model):
        await count(fleet.administrator)


#: What each row measures, and the goal for its growth.
GROWING: dict[str, tuple[Work, float]] = {
    "get one": (get_one, 1.5),
    "page by name, deep": (_list(BY_NAME, deep=True), 1.5),
    "list with filter, sort and counts": (_list(BY_NAME, filter_=NOT_ONE_MODEL), 2),
    "search in descriptions": (_list(None, filter_=SEARCH), 2),
}
BESIDE_ONE: dict[str, tuple[Work, float]] = {"regions": (regions, 3), "overview": (overview, 3)}
ORDERS = {"id": "[Id] ASC", "name": BY_NAME, "change": "[LastModifiedDate] DESC"}


def measure() -> Iterator[Row]:
    for part in os.environ.get("GROWTH", SIZES).split():
        kind, _, numbers = part.partition(":")
        sizes = [int(number) for number in numbers.split(",")]
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if kind == "sqlite":
                places = {size: _place(folder, size) for size in sizes}
                # Before many devices come due, which would occupy the servers.
                yield from _servers(places)
            else:
                kept = folder_of_fleets() / "postgresql" if "BENCH_FLEETS" in os.environ else None
                server = stack.enter_context(running_postgres(kept))
                places = {size: Place(folder, 1, server.create(name=f"fleet_{size}")) for size in sizes}
            yield from _collected(_rows(kind, places))


class Place(NamedTuple):
    """Where a fleet is: its data folder, its network, and its database unless that is in the folder."""

    data: Path
    network_id: int
    database: str | None = None
    tenant: Tenant | None = None


def _place(folder: Path, size: int) -> Place:
    """Returns a copy of a fleet on SQLite; a large one itself."""
    data = folder / str(size)
    if size >= LARGE:
        data, tenant = prepared_fleet(size)
    else:
        tenant = copy_fleet(data, size)
    return Place(data, tenant.network_id, tenant=tenant)


def _collected(rows: AsyncIterator[Row]) -> Iterator[Row]:
    """Returns the rows as they come."""
    with asyncio.Runner() as runner, suppress(StopAsyncIteration):
        while True:
            yield runner.run(anext(rows))  # type: ignore[arg-type]  # an awaitable that is a coroutine


async def _rows(kind: str, places: dict[int, Place]) -> AsyncIterator[Row]:
    async with AsyncExitStack() as stack:
        fleets = []
        for size, place in places.items():
            settings = Settings(data=str(place.data), database=place.database)
            services = await build(settings)
            stack.push_async_callback(services.close)
            fleets.append(await _fleet(services, size, place.network_id, place.database))
        timer = time.process_time if kind == "sqlite" else time.perf_counter
        smallest, ones = fleets[0], {}
        for name, (work, goal) in GROWING.items():
            found = await _figures(fleets, [work], timer)
            ones = ones or {size: figures[0] for size, figures in found.items()}
            for fleet in fleets[1:]:
                yield _row(f"{kind} {fleet.size:,}: {name}", found[fleet.size][0], found[smallest.size][0], goal)
        for name, (work, goal) in BESIDE_ONE.items():
            found = await _figures(fleets, [work, get_one], timer)
            for fleet in fleets:
                ours, one = found[fleet.size]
                yield _row(f"{kind} {fleet.size:,}: {name} beside a get-one", ours, one, goal)
        for name, sort in ORDERS.items():
            found = await _figures(fleets, [_list(sort, user=True), _list(sort)], timer)
            for fleet in fleets:
                ours, all_ = found[fleet.size]
                yield _row(f"{kind} {fleet.size:,}: {RULES:,} permissions, by {name}", ours, all_, 2)
        for fleet in fleets if kind == "sqlite" else ():  # devices that report are only in the fleets of a server
            longest, median = await _storm(fleet)
            yield Row(f"{kind} {fleet.size:,}: many due for health, a step", "ms", longest, median, longest / median)


def _row(name: str, ours: list[float], reference: list[float], goal: float) -> Row:
    ratio = statistics.median(one / other for one, other in zip(ours, reference, strict=True))
    return Row(name, "ms", statistics.median(ours) * 1e3, statistics.median(reference) * 1e3, ratio, at_most=goal)


async def _figures(fleets: list[Fleet], works: list[Work], timer: Callable[[], float]) -> dict[int, list[list[float]]]:
    """Returns for each size the seconds of each work, one a round."""
    found: dict[int, list[list[float]]] = {fleet.size: [[] for _ in works] for fleet in fleets}
    for number in range(ROUNDS + 1):
        for fleet in fleets:
            for figures, work in zip(found[fleet.size], works, strict=True):
                spent, times = 0.0, 0
                while spent < SHORT:
                    await fleet.store.write(lambda tx: tx.execute(WRITE))
                    begin = timer()
                    await work(fleet)
                    spent, times = spent + timer() - begin, times + 1
                if number:  # the first round compiles the statements
                    figures.append(spent / times)
    return found


async def _fleet(services: Services, size: int, network_id: int, database: str | None) -> Fleet:
    """Returns a fleet; fills its database if it has one that is empty."""
    store = services.store
    ends = await store.one(ENDS, network_id=network_id)
    if ends is None or ends.last is None:
        assert database is not None
        await register(store, network_id, [f"S{number}" for number in range(10)])
        await multiply(store, database, network_id, size)
        [ends] = await store.all(ENDS, network_id=network_id)
    chance = random.Random(size)
    ids = range(ends.first, ends.last + 1)
    [last] = await store.all(DEEP, network_id=network_id)
    administrator = session(1, ADMINISTRATORS.id, has_permissions=False)
    administrator = msgspec.structs.replace(administrator, network_id=network_id)
    user = msgspec.structs.replace(administrator, user_id=USER, role_id=None, has_permissions=True)
    await store.write(partial(_permit, network_id, chance.sample(ids, min(RULES, size))))
    if database is not None:  # the planner knows a table as PostgreSQL's own jobs have seen it
        connection = await connect(database, seconds=10)
        await connection.execute("ANALYZE")
        await connection.close()
    looked_at = chance.sample(ids, min(LOOKED_AT, size))
    for id_ in looked_at:
        await services.devices.get(administrator, str(id_))
    return Fleet(size, services, ids, looked_at, DEVICES.sort(BY_NAME).marker(tuple(last)), administrator, user)


async def _permit(network_id: int, ids: list[int], tx: Transaction) -> None:
    """Allows the user nothing but to view these devices."""
    await tx.execute(CLEAR, network_id=network_id)
    same = {"network_id": network_id, "entity": "Device", "operation_uid": VIEW_DEVICE.uid, "principal_type": "User"}
    same |= {"principal_id": USER, "is_allowed": True, "creation_date": 0}
    await tx.execute_many(INSERT_PERMISSION, [same | {"entity_id": id_} for id_ in ids])


class _Enough(Exception):
    """The sweep has made its steps."""


async def _storm(fleet: Fleet) -> tuple[float, float]:
    """Makes many devices due at once; returns the longest and the median time of a step of the sweep, in ms."""
    await fleet.store.write(partial(_make_due, fleet, 1))
    times: list[float] = []

    class Counting:
        """The store, which ends the sweep after `STEPS` steps."""

        def __getattr__(self, name: str) -> Any:
            return getattr(fleet.store, name)

        async def write(self, work: Any) -> Any:
            if len(times) > STEPS:
                raise _Enough
            begin = time.perf_counter()
            result = await fleet.store.write(work)
            times.append((time.perf_counter() - begin) * 1e3)
            return result

    with suppress(_Enough):
        await HealthSweep(Counting()).run(clock.now())
    await fleet.store.write(partial(_make_due, fleet, LATER))
    steps = times[1:]  # the first one only renews the heartbeat
    return max(steps), statistics.median(steps)


async def _make_due(fleet: Fleet, due: int, tx: Transaction) -> None:
    last_id = fleet.ids[0] + MANY
    await tx.execute(MAKE_DUE, in_network=fleet.administrator.network, last_id=last_id, due=due)


def _servers(places: dict[int, Place]) -> Iterator[Row]:
    """Returns the rows of start and memory, of the server itself."""
    found: dict[int, tuple[float, float]] = {}
    for size, place in places.items():
        assert place.tenant is not None
        with serving(place.data, place.tenant) as ours:
            started = _cpu_seconds(ours.server.process)
            targets = ("", f"?sort={quote(BY_NAME)}", f"?filter={quote(NOT_ONE_MODEL)}", f"?filter={quote(SEARCH)}")
            loads = [f"{MAIN}/Devices/{target}" for target in targets] + [f"{MAIN}/Devices/Regions/"]
            scripts = [[http_load.request("GET", target, ours.headers) for target in loads]]
            asyncio.run(http_load.rate(ours.port, scripts, 8, SECONDS))
            found[size] = started, _megabytes(ours.server.process)
    started, _ = found[min(found)]
    for size, (start, memory) in found.items():
        yield Row(f"sqlite {size:,}: start", "CPU s", start, started, start / started, at_most=1.5)
        yield Row(f"sqlite {size:,}: memory after a mixed load", "MB", memory, 250, memory / 250, at_most=1)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
