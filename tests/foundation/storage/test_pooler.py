"""A store behind PgBouncer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import bindparam, func, select

from signfleet.app.backup.archive import BackupError
from signfleet.app.backup.service import back_up
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.open import CannotOpen, open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting
from tests.pgbouncer import running_pgbouncer
from tests.postgres import Postgres
from tests.running import running_server

INSERT = Query(setting.insert())
ONE = Query(select(setting.c.value).where(setting.c.name == bindparam("name")))
SLOW = Query(select(func.pg_sleep(30)))


@pytest.fixture
def url(postgres: Postgres, migrated_postgresql: str) -> Iterator[str]:
    url = postgres.create(migrated_postgresql)
    yield url
    postgres.drop(url)


@pytest.fixture
def pooler(url: str) -> Iterator[str]:
    with running_pgbouncer(url) as pooler:
        yield pooler


async def write(store: Store, name: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name=name, value=name)
        assert await tx.one(ONE, name=name) is not None

    await store.write(work)


async def test_reads_and_writes_of_two_servers_share_the_poolers_connections(url: str, pooler: str) -> None:
    ours = await open_store(url, connections=20, pooler=pooler)
    theirs = await open_store(url, connections=20, pooler=pooler)
    before = theirs.version()

    async def use(number: int) -> None:
        store = (ours, theirs)[number % 2]
        await write(store, f"name{number}")
        row = await store.one(ONE, name=f"name{number}")
        assert row is not None
        assert row.value == f"name{number}"
        assert len(await store.scan_all(ONE, name="nobody")) == 0

    await asyncio.gather(*(use(number) for number in range(200)))
    assert theirs.version() > before + 100  # notified of each write of the other
    await ours.close()
    await theirs.close()


async def test_a_scan_that_takes_too_long_ends_behind_a_pooler_too(url: str, pooler: str) -> None:
    store = await open_store(url, connections=2, pooler=pooler, scan_limit=0.2)
    with pytest.raises(Exception, match=r"longer than"):
        await store.scan_all(SLOW)
    await write(store, "a")
    await store.close()


@pytest.mark.parametrize("size", [1, 3])
async def test_a_pooler_in_transaction_mode_is_refused_as_the_database(url: str, size: int) -> None:
    refused = pytest.raises(CannotOpen, match=r"pooler in transaction mode .* `database_pooler`")
    with running_pgbouncer(url, size=size) as pooler, refused:
        await open_store(pooler)


async def test_a_pooler_in_session_mode_is_a_database_like_any_other(url: str) -> None:
    with running_pgbouncer(url, mode="session", size=10) as pooler:
        ours, theirs = await open_store(pooler, connections=2), await open_store(pooler, connections=2)
        before = ours.version()
        await write(theirs, "a")
        for _ in range(1000):
            if ours.version() != before:
                break
            await asyncio.sleep(0.01)
        assert ours.version() != before
        await ours.close()
        await theirs.close()


async def test_a_pooler_in_front_of_another_database_is_refused(url: str, postgres: Postgres) -> None:
    other = await asyncio.to_thread(postgres.create)
    refused = pytest.raises(CannotOpen, match="`database_pooler` leads to another database than `database`")
    with running_pgbouncer(other) as pooler, refused:
        await open_store(url, pooler=pooler)
    await asyncio.to_thread(postgres.drop, other)


async def test_a_pooler_in_front_of_a_file_is_refused() -> None:
    with pytest.raises(CannotOpen, match=r"^database_pooler: expected postgresql://"):
        await open_store("sqlite:///nowhere/x.db", pooler="postgresql://localhost/x")


async def test_a_missing_pooler_fails_the_start(url: str) -> None:
    with pytest.raises(CannotOpen, match=r"^Cannot open the postgresql database: .*Connect call failed"):
        await open_store(url, pooler="postgresql://127.0.0.1:1/x")


async def test_a_backup_through_a_pooler_in_transaction_mode_is_refused(pooler: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="pooler in transaction mode"):
        await back_up(Settings(data=str(tmp_path), database=pooler), tmp_path / "b.tar")


async def test_a_backup_of_a_missing_database_fails_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"^The store cannot be copied: .*Connect call failed"):
        await back_up(Settings(data=str(tmp_path), database="postgresql://127.0.0.1:1/x"), tmp_path / "b.tar")


async def test_a_server_serves_behind_a_pooler(url: str, pooler: str) -> None:
    """While its connections are given to others between two transactions, prepared statements of others included."""
    other = await asyncpg.connect(pooler)
    await other.execute("PREPARE __asyncpg_stmt_1__ AS SELECT 1")
    with running_server("--database", url, "--database-pooler", pooler) as server:
        server.wait_until_bootstrapped()
        async with httpx.AsyncClient(base_url=server.address) as client:
            answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}, json.dumps(server.log[-3:])
    await other.close()
