"""Filters over a large fleet, beside the same SQL written by hand

There are 10,000 devices, or BENCH_DEVICES. The first rows compare reading a filter and compiling its statement, and
finding it in the cache, with the time that each may take. Then, on each store, lists and counts take turns with
hand-written statements. The last row is the 99th percentile of looking one device up while another client runs an
unindexed filter, beside the same without that client.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from time import perf_counter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer, bindparam, column, select, text

from bench.size import DEVICES as DEVICE_COUNT
from bench.table import Row
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_properties, device_tag, tag_key
from signfleet.foundation.wire.collation import order_key
from tests.examples import example
from tests.postgres import running_postgres

NETWORK = 1
PAGE = 100
TURNS = 25
LOOK_UPS, ROUNDS = 400, 5
#: Work that takes fewer seconds is repeated within a turn.
SHORT = 0.005
MODELS = ("HD1024", "XD1034", "LS424", "HD224", "XT1144")
CITIES = 200

#: How many µs a criterion may take that is new, and one that is in the cache.
COLD, CACHED = 100, 1

INDEXED = "[Model] IS 'HD1024'"
UNINDEXED = "[Settings].[Group].[Name] CONTAINS 'hall 77'"
TAG = "<City> IS 'City 7'"
COMPILED = (
    ("a criterion", INDEXED),
    ("three and a list", f"{INDEXED} AND ([Status].[Health] IS IN ('Warning', 'Error') OR {UNINDEXED})"),
    ("a tag", TAG),
)

_FROM = {
    INDEXED: "FROM device WHERE device.network_id = :network_id AND model_key = :model",
    UNINDEXED: {
        "sqlite": (
            "FROM device JOIN device_properties p ON p.network_id = device.network_id AND p.device_id = device.id "
            "WHERE device.network_id = :network_id "
            """AND json_extract(p.properties, '$."settings.group.name"') LIKE :pattern"""
        ),
        "postgresql": (
            "FROM device JOIN device_properties p ON p.network_id = device.network_id AND p.device_id = device.id "
            "WHERE device.network_id = :network_id AND (p.properties ->> 'settings.group.name') LIKE :pattern"
        ),
    },
    TAG: (
        "FROM device WHERE device.network_id = :network_id AND device.id IN (SELECT t.device_id FROM device_tag t "
        "JOIN tag_key k ON k.network_id = t.network_id AND k.id = t.tag_id WHERE t.network_id = :network_id "
        "AND k.name_key = :tag AND k.type = :type AND t.value_key = :city)"
    ),
}
_VALUES = {"model": "hd1024", "pattern": "%hall 77%", "tag": "city", "type": "string", "city": "city 7"}


def by_hand(filter_: str, dialect: str) -> tuple[Query, Query]:
    """Returns the statements of a page and of a count, written by hand."""
    source = _FROM[filter_]
    clause = source if isinstance(source, str) else source[dialect]
    given = [bindparam("network_id", type_=BigInteger())]
    given += [bindparam(name, value) for name, value in _VALUES.items() if f":{name}" in clause]
    paged = [bindparam("after", type_=BigInteger()), bindparam("limit", type_=Integer())]
    page = text(f"SELECT device.id {clause} AND device.id > :after ORDER BY device.id LIMIT :limit")
    total = text(f"SELECT count(*) AS total {clause}")
    return (
        Query(page.bindparams(*given, *paged).columns(column("id", BigInteger))),
        Query(total.bindparams(*given).columns(column("total", BigInteger))),
    )


def compile_rows() -> Iterator[Row]:
    listing = Listing(DEVICES)
    numbers = count()

    def compiled(filter_: str) -> None:
        # An id that no other call uses, so that the filter is in no cache.
        made = DEVICES.filter(f"{filter_} AND [Id] IS NOT {next(numbers)}")
        listing.statement(made, DEVICES.sort(None)).prepared("sqlite")

    for name, filter_ in COMPILED:
        fresh = statistics.median(_timed(compiled, filter_) for _ in range(200))
        cached = statistics.median(_timed(DEVICES.filter, filter_) for _ in range(2000))
        yield Row(f"read and compile {name}", "µs", fresh * 1e6, COLD, fresh * 1e6 / COLD, at_most=1)
        yield Row(f"{name}, from the cache", "µs", cached * 1e6, CACHED, cached * 1e6 / CACHED, at_most=1)


def _timed(work: Callable[[str], object], argument: str) -> float:
    begin = perf_counter()
    work(argument)
    return perf_counter() - begin


async def store_rows(store: Store) -> AsyncIterator[Row]:
    listing = Listing(DEVICES)
    sort = DEVICES.sort("[Id] ASC")
    last = DEVICE_COUNT - PAGE * len(MODELS) - 5

    def ours(filter_: str, after: int) -> Callable[[], Awaitable[list[int]]]:
        marker = sort.marker((after,)) if after else None

        async def read() -> list[int]:
            position = sort.position(marker)
            page = await listing.page(
                store, NETWORK, filter=DEVICES.filter(filter_), sort=sort, position=position, size=PAGE
            )
            return page.ids

        return read

    def theirs(query: Query, after: int) -> Callable[[], Awaitable[list[int]]]:
        marker = b64encode(f"{after},{after}".encode()).decode()

        async def read() -> list[int]:
            begin = int(b64decode(marker, validate=True).decode().rpartition(",")[2])
            rows = await store.scan_all(query, network_id=NETWORK, after=begin, limit=PAGE + 1)
            if len(rows) > PAGE:
                b64encode(f"{rows[PAGE - 1].id},{rows[PAGE - 1].id}".encode()).decode()
            return [row.id for row in rows[:PAGE]]

        return read

    for name, filter_, after in (
        ("indexed, first page", INDEXED, 0),
        ("indexed, last page", INDEXED, last),
        ("unindexed, first page", UNINDEXED, 0),
        ("tag, first page", TAG, 0),
    ):
        page, _ = by_hand(filter_, store.dialect)
        yield await _compared(f"{store.dialect}: {name}", ours(filter_, after), theirs(page, after))
    for name, filter_ in (("indexed", INDEXED), ("unindexed", UNINDEXED), ("tag", TAG)):
        _, total = by_hand(filter_, store.dialect)

        async def counted(filter_: str = filter_) -> int:
            return await listing.count(store, NETWORK, filter=DEVICES.filter(filter_))

        async def counted_by_hand(total: Query = total) -> int:
            return int((await store.scan_all(total, network_id=NETWORK))[0].total)

        yield await _compared(f"{store.dialect}: {name}, count", counted, counted_by_hand)
    yield await _look_ups(store, listing)


async def _compared(name: str, ours: Callable[[], Awaitable[Any]], theirs: Callable[[], Awaitable[Any]]) -> Row:
    """Times both in turns, after a check that they answer the same.

    Repeats short work within a turn, as clients do that read page after page.
    """
    assert await ours() == await theirs(), name
    times_each = max(1, round(SHORT / await _awaited(theirs, 1)))
    pairs = []
    for turn in range(TURNS):
        # The first of a pair finds colder caches.
        order = (ours, theirs) if turn % 2 else (theirs, ours)
        times = {work: await _awaited(work, times_each) for work in order}
        pairs.append((times[ours], times[theirs]))
    ratio = statistics.median(mine / reference for mine, reference in pairs)
    mine, reference = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Row(name, "ms", mine * 1e3, reference * 1e3, ratio)


async def _awaited(work: Callable[[], Awaitable[Any]], times: int) -> float:
    """Returns the seconds that one run takes."""
    begin = perf_counter()
    for _ in range(times):
        await work()
    return (perf_counter() - begin) / times


async def _look_ups(store: Store, listing: Listing) -> Row:
    one = Query(select(device.c.serial).where(device.c.network_id == NETWORK, device.c.id == bindparam("id")))

    async def slowest_of_hundred() -> float:
        times = []
        for number in range(1, LOOK_UPS + 1):
            times.append(await _awaited(lambda number=number: store.one(one, id=number * 7), 1))
            await asyncio.sleep(0.001)
        return statistics.quantiles(times, n=100)[98]

    async def scan(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await listing.count(store, NETWORK, filter=DEVICES.filter(UNINDEXED))

    pairs = []
    for _ in range(ROUNDS):
        alone = await slowest_of_hundred()
        stop = asyncio.Event()
        scanning = asyncio.create_task(scan(stop))
        pairs.append((await slowest_of_hundred(), alone))
        stop.set()
        await scanning
    beside, alone = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / reference for mine, reference in pairs)
    return Row(f"{store.dialect}: get one, p99, beside a scan", "ms", beside * 1e3, alone * 1e3, ratio)


async def fill(store: Store) -> None:
    """Inserts devices of five models in two hundred cities, each with its own description."""
    flat = DEVICES.flatten(example("001-05-get-devices-id-int-answer"))
    same = {
        column.name: None if column.nullable else False if column.name == "has_commands" else 0
        for column in device.columns
    }
    same |= {"network_id": NETWORK, "family": "Pagani", "health": "Normal"}
    tag = {"network_id": NETWORK, "id": 1, "entity": "Device", "is_system": False, "name": "City"}

    async def work(tx: Transaction) -> None:
        await tx.execute(Query(tag_key.insert()), **tag, name_key="city", name_order="city", type="string")
        for start in range(1, DEVICE_COUNT + 1, 5000):
            numbers = range(start, start + 5000)
            models = {number: MODELS[number % len(MODELS)] for number in numbers}
            await tx.execute_many(
                Query(device.insert()),
                [
                    same
                    | {"id": number, "serial": f"S{number:06d}", "serial_key": f"s{number:06d}"}
                    | {"model": models[number], "model_key": models[number].lower(), "name_key": f"lobby {number}"}
                    | {"name_order": order_key(f"lobby {number}")}
                    for number in numbers
                ],
            )
            await tx.execute_many(
                Query(device_properties.insert()),
                [
                    {"network_id": NETWORK, "device_id": number, "properties": _described(flat, number)}
                    for number in numbers
                ],
            )
            await tx.execute_many(Query(device_tag.insert()), [_tagged(number) for number in numbers])

    await store.write(work)


def _described(flat: dict[str, Any], number: int) -> str:
    return msgspec.json.encode(flat | {"settings.group.name": f"display of hall {number}"}).decode()


def _tagged(number: int) -> dict[str, Any]:
    value = f"City {number % CITIES}"
    same = {"network_id": NETWORK, "device_id": number, "tag_id": 1, "value_number": None}
    return same | {"value": value, "value_key": value.lower(), "value_order": order_key(value)}


@contextmanager
def databases() -> Iterator[Iterator[str]]:
    """Yields the address of an empty database for each store."""
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        yield iter([f"sqlite:///{folder}/signfleet.db", server.create()])


async def analysed(store: Store) -> None:
    """Updates the store's statistics, as a server does on its own after a while."""

    async def work(tx: Transaction) -> None:
        await tx.execute(Query(text("ANALYZE")))

    await store.write(work)


async def measured(address: str) -> list[Row]:
    """Returns the rows that are measured on one store."""
    store = await open_store(address)
    await fill(store)
    await analysed(store)
    rows = [row async for row in store_rows(store)]
    await store.close()
    return rows


def measure() -> Iterator[Row]:
    yield from compile_rows()
    with databases() as addresses:
        for address in addresses:
            yield from asyncio.run(measured(address))
