"""Both stores, through the one interface that the program knows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import setting

INSERT = Query(setting.insert())
ONE = Query(select(setting).where(setting.c.name == bindparam("name")))
ALL = Query(select(setting.c.name).order_by(setting.c.name))
AMONG = Query(select(setting.c.name).where(among(setting.c.name, "names")).order_by(setting.c.name))
CHANGE = Query(update(setting).where(setting.c.name == bindparam("which")).values(value=bindparam("new")))


async def put(store: Store, *names: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute_many(INSERT, [{"name": name, "value": "1"} for name in names])

    await store.write(work)


async def test_writes_are_visible_when_a_unit_of_work_returns(store: Store) -> None:
    await put(store, "a")
    row = await store.one(ONE, name="a")
    assert row is not None
    assert (row.name, row.value) == ("a", "1")


async def test_a_unit_of_work_returns_its_result_and_sees_its_own_writes(store: Store) -> None:
    async def work(tx: Transaction) -> Any:
        await tx.execute(INSERT, name="a", value="1")
        return await tx.one(ONE, name="a")

    assert (await store.write(work)).value == "1"


async def test_a_missing_row_is_none(store: Store) -> None:
    assert await store.one(ONE, name="nobody") is None


async def test_execute_returns_how_many_rows_it_changed(store: Store) -> None:
    await put(store, "a")

    async def work(tx: Transaction) -> tuple[int, int]:
        return await tx.execute(CHANGE, which="a", new="2"), await tx.execute(CHANGE, which="b", new="2")

    assert await store.write(work) == (1, 0)


async def test_a_failed_unit_of_work_is_rolled_back(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name="a", value="1")
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await store.write(work)
    assert await store.all(ALL) == []


async def test_a_failed_unit_of_work_does_not_fail_others_of_its_batch(store: Store) -> None:
    async def work(tx: Transaction, number: int) -> int:
        await tx.execute(INSERT, name=f"n{number:02}", value="1")
        if number % 3 == 0:
            raise RuntimeError
        return number

    results = await asyncio.gather(
        *(store.write(lambda tx, number=number: work(tx, number)) for number in range(30)), return_exceptions=True
    )
    kept = [number for number in range(30) if number % 3]
    assert [result for result in results if isinstance(result, int)] == kept
    assert [row.name for row in await store.all(ALL)] == [f"n{number:02}" for number in kept]


async def test_a_second_row_with_the_same_key_is_a_duplicate(store: Store) -> None:
    await put(store, "a")
    with pytest.raises(Duplicate):
        await put(store, "b", "a")
    assert [row.name for row in await store.all(ALL)] == ["a"]


async def test_new_ids_are_never_given_twice(store: Store) -> None:
    async def work(tx: Transaction) -> list[int]:
        return [await tx.next_id("device"), *await tx.next_ids("device", 3)]

    ids = [id_ for batch in await asyncio.gather(*(store.write(work) for _ in range(20))) for id_ in batch]
    assert len(set(ids)) == 80
    assert min(ids) > 0


@pytest.mark.parametrize("names", [[], ["b"], ["a", "c", "it's; DROP TABLE setting", "ß"]])
async def test_among_takes_a_list_of_any_length(store: Store, names: list[str]) -> None:
    await put(store, "a", "b", "c", "ß")
    found = [row.name for row in await store.all(AMONG, names=names)]
    assert found == sorted(set(names) & {"a", "b", "c", "ß"})


async def test_the_version_differs_after_a_write(store: Store) -> None:
    before = store.version()
    await put(store, "a")
    assert store.version() != before


async def test_reads_see_each_others_writes_while_a_scan_runs(store: Store) -> None:
    await put(store, *(f"n{number}" for number in range(500)))
    scans = [asyncio.ensure_future(store.scan_all(ALL)) for _ in range(8)]
    await put(store, "late")
    assert await store.one(ONE, name="late") is not None
    assert all(len(rows) >= 500 for rows in await asyncio.gather(*scans))


async def test_among_is_served_by_an_index() -> None:
    """The condition has to reach SQLite as a plain IN."""
    assert AMONG.prepared("sqlite").text.rstrip().endswith("ORDER BY setting.name")
    assert "= 1" not in AMONG.prepared("sqlite").text
