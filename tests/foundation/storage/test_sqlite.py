"""What is special to the embedded store."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Integer, bindparam, select

from signfleet.foundation.storage.interface import StorageError, Transaction
from signfleet.foundation.storage.migrations import migrate_sqlite
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.sqlite import SqliteStore
from signfleet.foundation.storage.sqlite_connection import connect
from signfleet.foundation.storage.sqlite_reading import SKIPPED_TRIALS
from signfleet.foundation.storage.tables import setting

INSERT = Query(setting.insert())
REMOVE = Query(setting.delete().where(setting.c.name == bindparam("name")))
FIRST = Query(select(setting).where(setting.c.name == bindparam("name")))
SOME = Query(select(setting).order_by(setting.c.name).limit(bindparam("limit", type_=Integer())))


@pytest.fixture
def path(tmp_path: Path, migrated_sqlite: Path) -> Path:
    path = tmp_path / "store.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return path


def test_every_commit_reaches_the_disk(path: Path) -> None:
    connection = connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


async def test_simultaneous_writers_share_a_commit(path: Path) -> None:
    store = SqliteStore(path)
    hold = asyncio.Event()

    async def write(number: int) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(INSERT, name=f"n{number}", value="1")

        await store.write(work)
        hold.set()

    before = store.version()
    await asyncio.gather(*(write(number) for number in range(200)))
    commits = store.version() - before
    await store.close()
    assert 1 <= commits < 200


async def test_a_unit_of_work_that_awaits_anything_else_fails(path: Path) -> None:
    store = SqliteStore(path)

    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name="a", value="1")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="may await its transaction only"):
        await store.write(work)
    await store.close()
    assert sqlite3.connect(path).execute("SELECT count(*) FROM setting").fetchone() == (0,)


async def test_two_processes_on_one_file_see_each_others_writes(path: Path) -> None:
    ours, theirs = SqliteStore(path), SqliteStore(path)

    async def work(tx: Transaction) -> int:
        return await tx.next_id("device")

    before = theirs.version()
    ids = await asyncio.gather(*((ours if number % 2 else theirs).write(work) for number in range(50)))
    assert sorted(ids) == list(range(1, 51))
    assert theirs.version() != before
    await ours.close()
    await theirs.close()


async def test_a_turn_of_the_event_loop_reads_one_state_and_the_next_turn_reads_later_writes(path: Path) -> None:
    store = SqliteStore(path)
    other = connect(path)
    before = store.version()
    assert await store.one(FIRST, name="a") is None
    other.execute("INSERT INTO setting (name, value) VALUES ('a', '1')")
    assert await store.one(FIRST, name="a") is None
    assert store.version() == before
    await asyncio.sleep(0)
    assert await store.one(FIRST, name="a") == ("a", "1")
    assert store.version() != before
    other.close()
    await store.close()


async def test_the_next_turn_ends_a_snapshot_that_a_failure_left_open(path: Path) -> None:
    store = SqliteStore(path)
    store._snapshots._connection.execute("BEGIN")
    assert store._snapshots._connection.execute("SELECT count(*) FROM setting").fetchall() == [(0,)]

    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name="a", value="1")

    await store.write(work)
    assert await store.one(FIRST, name="a") == ("a", "1")
    await store.close()


async def test_a_task_reads_its_own_write_beside_many_readers_and_writers(path: Path) -> None:
    store = SqliteStore(path)

    async def write_and_read(number: int) -> None:
        name = f"n{number}"
        for value in ("1", "2", "3"):

            async def work(tx: Transaction, value: str = value) -> None:
                await tx.execute(REMOVE, name=name)
                await tx.execute(INSERT, name=name, value=value)

            await store.one(FIRST, name=name)
            await store.write(work)
            assert await store.one(FIRST, name=name) == (name, value)

    await asyncio.gather(*map(write_and_read, range(100)))
    await store.close()


async def test_a_long_scan_starts_again_outside_the_event_loop(path: Path) -> None:
    store = SqliteStore(path)

    async def fill(tx: Transaction) -> None:
        await tx.execute_many(INSERT, [{"name": f"n{number}", "value": "1"} for number in range(3000)])

    await store.write(fill)
    assert len(await store.scan_all(SOME, limit=10)) == 10
    assert not store._scanners  # no thread has needed a connection
    assert len(await store.scan_all(SOME, limit=3000)) == 3000
    assert len(store._scanners) == 1
    await store.close()


async def test_a_scan_that_was_too_long_is_not_tried_again_in_the_event_loop(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(path)

    async def fill(tx: Transaction) -> None:
        await tx.execute_many(INSERT, [{"name": f"n{number}", "value": "1"} for number in range(3000)])

    await store.write(fill)
    steps = []
    monkeypatch.setattr(store._trial, "_is_over", lambda: steps.append(1) or len(steps) > 8)
    store._trial._connect()
    for network_id in (1, 1, 1, 2):
        assert len(await store.scan_all(SOME, limit=3000, network_id=network_id)) == 3000
    assert len(steps) == 10  # a whole trial for the first network, and the first call of the second's
    for _ in range(SKIPPED_TRIALS):
        await store.scan_all(SOME, limit=10, network_id=1)
    assert len(steps) == 10
    before = len(store._scanners)
    assert len(await store.scan_all(SOME, limit=3000, network_id=1)) == 3000
    assert len(steps) == 11
    assert len(store._scanners) == before
    await store.close()


async def test_a_write_that_the_disk_refuses_fails_and_later_writes_succeed(path: Path) -> None:
    store = SqliteStore(path)
    store._writer._connection.execute("PRAGMA max_page_count = 1")  # SQLite keeps it at the file's present size

    async def work(tx: Transaction) -> None:
        for number in range(200):
            await tx.execute(INSERT, name=f"n{number}", value="x" * 10_000)

    with pytest.raises(StorageError):
        await store.write(work)
    store._writer._connection.execute("PRAGMA max_page_count = 1000000")
    await store.write(work)
    await store.close()


def test_an_old_file_is_opened_once_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    migrate_sqlite(path)
    before = path.stat().st_mtime_ns
    migrate_sqlite(path)
    assert path.stat().st_mtime_ns == before


def cut(path: Path) -> Callable[[], None]:
    """Takes all pages but the first from a file; what it returns writes them back."""
    content = path.read_bytes()
    os.truncate(path, 8192)

    def restore() -> None:
        with path.open("r+b") as file:
            file.write(content)

    return restore


async def test_unreadable_pages_are_a_storage_error_until_they_are_readable_again(path: Path) -> None:
    store = SqliteStore(path)
    restore = cut(path)
    for read in (store.one, store.all, store.scan_all):
        with pytest.raises(StorageError, match="the store could not read"):
            await read(FIRST, name="a")
    restore()
    for read in (store.one, store.all, store.scan_all):
        assert not await read(FIRST, name="a")

    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name="a", value="1")

    await store.write(work)
    assert await store.one(FIRST, name="a") is not None
    await store.close()
