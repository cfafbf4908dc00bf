"""Fair turns, and the time limit, of reads that scan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, literal, select

from signfleet.foundation.errors import Busy, Invalid, Throttled
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.scan_queue import WAITING_OF_ONE, Caller, ScanQueue, read_as

#: Counts to more than anybody waits for.
_numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
_numbers = _numbers.union_all(select(_numbers.c.n + 1).where(_numbers.c.n < 1_000_000_000))
ENDLESS = Query(select(func.count().label("total")).select_from(_numbers))
ONE = Query(select(literal(1).label("one")))


class Scans:
    """Scans that run until their event in `ends` is set; `begun` are the callers in the order of their turns."""

    def __init__(self, places: int = 3, patience: float = 60) -> None:
        self.queue = ScanQueue(places, patience)
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    async def start(self, network_id: int, who: str, name: str) -> asyncio.Task[None]:
        end = self.ends[name] = asyncio.Event()

        async def scan() -> None:
            read_as(Caller(network_id, who))
            async with self.queue.turn():
                self.begun.append(name)
                await end.wait()

        task = asyncio.create_task(scan())
        await settled()
        return task

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_caller_scans_once_at_a_time() -> None:
    scans = Scans()
    for name in ("a1", "a2", "a3"):
        await scans.start(1, "a", name)
    assert scans.begun == ["a1"]
    await scans.start(1, "b", "b1")
    assert scans.begun == ["a1", "b1"]
    await scans.end("a1")
    assert scans.begun == ["a1", "b1", "a2"]


async def test_one_network_does_not_occupy_every_place() -> None:
    scans = Scans()
    for who in "abcd":
        await scans.start(1, who, who)
    assert scans.begun == ["a", "b"]
    await scans.start(2, "x", "x")
    assert scans.begun == ["a", "b", "x"]


async def test_waiting_callers_take_turns() -> None:
    scans = Scans(places=1)
    await scans.start(1, "a", "a1")
    for name in ("a2", "a3", "a4"):
        await scans.start(1, "a", name)
    await scans.start(1, "b", "b1")
    await scans.start(2, "x", "x1")
    for name in ("a1", "a2", "x1", "b1", "a3"):
        await scans.end(name)
    assert scans.begun == ["a1", "a2", "x1", "b1", "a3", "a4"]


async def test_too_many_scans_of_one_caller_are_refused() -> None:
    scans = Scans()
    tasks = [await scans.start(1, "a", str(number)) for number in range(WAITING_OF_ONE + 2)]
    with pytest.raises(Throttled, match="one after the other"):
        await tasks[-1]
    await scans.start(1, "b", "other")
    assert scans.begun == ["0", "other"]


async def test_a_wait_that_is_too_long_is_503() -> None:
    scans = Scans(places=1, patience=0.01)
    await scans.start(1, "a", "a")
    late = await scans.start(1, "b", "b")
    with pytest.raises(Busy, match="try again shortly"):
        await late
    await scans.end("a")
    await scans.start(2, "x", "x")
    assert scans.begun == ["a", "x"]


async def test_a_turn_skips_a_cancelled_caller() -> None:
    scans = Scans(places=1)
    await scans.start(1, "a", "a")
    going = await scans.start(1, "b", "b")
    await scans.start(1, "c", "c")
    going.cancel()
    await scans.end("a")  # before the task that was cancelled has run
    assert scans.begun == ["a", "c"]
    assert going.cancelled()


async def test_a_cancelled_caller_frees_its_place() -> None:
    scans = Scans(places=1)
    running = await scans.start(1, "a", "a")
    waiting = await scans.start(1, "b", "b")
    waiting.cancel()
    await settled()
    running.cancel()
    await settled()
    await scans.start(1, "c", "c")
    assert scans.begun == ["a", "c"]


@pytest.fixture
async def hasty(database: str) -> AsyncIterator[Store]:
    """A store whose scans take a tenth of a second at most."""
    opened = await open_store(database, connections=4, scan_limit=0.1)
    yield opened
    await opened.close()


async def test_a_scan_ends_at_its_time_limit(hasty: Store) -> None:
    with pytest.raises(Invalid, match=r"longer than 0\.1 seconds .* narrow the filter"):
        await hasty.scan_all(ENDLESS)
    assert (await hasty.scan_all(ONE))[0].one == 1


async def test_writes_continue_during_a_scan(hasty: Store) -> None:
    async def work(tx: Transaction) -> int:
        return await tx.next_id("device")

    scan = asyncio.create_task(hasty.scan_all(ENDLESS))
    first = await hasty.write(work)
    assert await hasty.write(work) == first + 1
    with pytest.raises(Invalid):
        await scan
