"""Writes of one kind that come together share a unit of work, and each has its own outcome."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import bindparam, select

from signfleet.foundation.storage.gathering import AT_ONCE, TOGETHER, Gathering
from signfleet.foundation.storage.interface import StorageError, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting

INSERT = Query(setting.insert())
ONE = Query(select(setting.c.value).where(setting.c.name == bindparam("name")))


class Writing:
    """Inserts settings, and notes which of them shared a unit of work."""

    def __init__(self, store: Store) -> None:
        self.batches: list[list[str]] = []
        self.gathering: Gathering[str, str] = Gathering(store, self.insert)
        self.failure: Exception | None = None

    async def insert(self, tx: Transaction, names: list[str]) -> list[str | None]:
        self.batches.append(list(names))
        await tx.execute_many(INSERT, [{"name": name, "value": name.upper()} for name in names])
        if self.failure is not None:
            raise self.failure
        return [None if name.endswith("alone") else name.upper() for name in names]

    async def write(self, *names: str) -> list[str | BaseException | None]:
        writes = (self.gathering.write(name.partition(" ")[0], name) for name in names)
        return await asyncio.gather(*writes, return_exceptions=True)


async def test_writes_that_come_together_share_a_unit_of_work_and_get_their_own_results(store: Store) -> None:
    writing = Writing(store)
    assert await writing.write("a", "b", "c alone") == ["A", "B", None]
    assert writing.batches == [["a", "b", "c alone"]]
    assert (await store.one(ONE, name="b")).value == "B"  # type: ignore[union-attr]  # it was written


async def test_two_writes_with_one_key_have_units_of_work_of_their_own_in_their_order(store: Store) -> None:
    writing = Writing(store)
    assert await writing.write("a 1", "a 2", "a 3", "b") == ["A 1", "A 2", "A 3", "B"]
    assert writing.batches == [["a 1", "b"], ["a 2"], ["a 3"]]


async def test_a_storm_is_written_in_several_units_of_work(store: Store) -> None:
    writing = Writing(store)
    names = [f"n{number}" for number in range((AT_ONCE + 1) * TOGETHER + 1)]
    assert await writing.write(*names) == [name.upper() for name in names]
    assert [len(batch) for batch in writing.batches] == [TOGETHER] * (AT_ONCE + 1) + [1]


async def test_writes_whose_unit_of_work_fails_are_each_to_be_written_alone(store: Store) -> None:
    writing = Writing(store)
    writing.failure = ValueError()
    assert await writing.write("a", "b") == [None, None]
    assert await store.one(ONE, name="a") is None
    writing.failure = None
    assert await writing.write("a", "b") == ["A", "B"]


async def test_a_failure_of_the_store_reaches_all_of_them(store: Store) -> None:
    writing = Writing(store)
    writing.failure = StorageError("full")
    outcomes = await writing.write("a", "b")
    assert [type(outcome) for outcome in outcomes] == [StorageError, StorageError]


async def test_a_write_whose_task_was_cancelled_does_not_disturb_the_others(store: Store) -> None:
    writing = Writing(store)
    lost = asyncio.ensure_future(writing.gathering.write("lost", "lost"))
    await asyncio.sleep(0)
    lost.cancel()
    assert await writing.write("a") == ["A"]
    with pytest.raises(asyncio.CancelledError):
        await lost
