"""Counts are cached until something is written, and callers share one that runs."""

from __future__ import annotations

import asyncio

import pytest

from signfleet.foundation.errors import Invalid, Throttled
from signfleet.foundation.expressions.counting import Counts
from signfleet.foundation.storage.interface import Store


class Scan:
    """A count that runs until it is ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> int:
        self.begun += 1
        return await self.end


async def begun(*tasks: asyncio.Task[int]) -> None:
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


async def test_callers_join_a_count_that_runs(store: Store) -> None:
    counts, scan = Counts(store), Scan()
    asked = [asyncio.create_task(counts.get("a", scan, version=1)) for _ in range(3)]
    later = asyncio.create_task(counts.get("a", scan, version=2))
    await begun(*asked, later)
    assert scan.begun == 2  # one for each version
    asked[1].cancel()
    scan.end.set_result(7)
    assert await asyncio.gather(asked[0], asked[2], later) == [7, 7, 7]
    assert asked[1].cancelled()
    assert await counts.get("a", scan, version=2) == 7
    assert scan.begun == 2


@pytest.mark.parametrize("leaves", [True, False])
async def test_another_caller_begins_again_where_the_first_one_leaves_or_may_not_scan(
    store: Store, leaves: bool
) -> None:
    counts, first, second = Counts(store), Scan(), Scan()
    leader = asyncio.create_task(counts.get("a", first, version=1))
    await begun(leader)
    others = [asyncio.create_task(counts.get("a", second, version=1)) for _ in range(2)]
    await begun(*others)
    if leaves:
        leader.cancel()
    else:
        first.end.set_exception(Throttled("too many", retry_after=1))
    with pytest.raises(asyncio.CancelledError if leaves else Throttled):
        await leader
    await begun(*others)
    second.end.set_result(3)
    assert await asyncio.gather(*others) == [3, 3]
    assert second.begun == 1


async def test_a_count_that_takes_too_long_fails_for_all_who_wait(store: Store) -> None:
    counts, scan = Counts(store), Scan()
    asked = [asyncio.create_task(counts.get("a", scan, version=1)) for _ in range(2)]
    await begun(*asked)
    scan.end.set_exception(Invalid("too long"))
    assert [type(found) for found in await asyncio.gather(*asked, return_exceptions=True)] == [Invalid, Invalid]
    assert scan.begun == 1
