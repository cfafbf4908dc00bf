"""What is special to the server store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, select

from signfleet.storage.interface import Transaction
from signfleet.storage.opening import open_store
from signfleet.storage.postgres import PostgresStore
from signfleet.storage.query import Query
from signfleet.storage.tables import setting
from tests.postgres import Postgres, name_of

INSERT = Query(setting.insert())
ONE = Query(select(setting.c.value).where(setting.c.name == bindparam("name")))


@pytest.fixture
def url(postgres: Postgres, migrated_postgresql: str) -> Iterator[str]:
    url = postgres.create(migrated_postgresql)
    yield url


async def until(condition: object) -> None:
    """Wait, a few seconds at most, until `condition()` holds."""
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def put(store: object, name: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name=name, value="1")

    assert isinstance(store, PostgresStore)
    await store.write(work)


async def test_a_node_hears_of_another_nodes_writes(url: str) -> None:
    ours, theirs = await open_store(url, connections=2), await open_store(url, connections=2)
    before = ours.version()
    await put(theirs, "a")
    await until(lambda: ours.version() != before)
    await ours.close()
    await theirs.close()


async def test_a_node_that_hears_nothing_trusts_nothing_and_listens_again(url: str) -> None:
    ours, theirs = await open_store(url, connections=2), await open_store(url, connections=2)
    assert isinstance(ours, PostgresStore)
    lost = ours._listener
    lost.terminate()
    await until(lambda: ours._listener is not lost)
    if ours._listener is None:
        assert ours.version() != ours.version()
    await until(lambda: ours._listener is not None)
    before = ours.version()
    assert ours.version() == before
    await put(theirs, "a")
    await until(lambda: ours.version() != before)
    await ours.close()
    await theirs.close()


async def test_connections_that_the_server_ended_are_replaced(url: str, postgres: Postgres) -> None:
    store = await open_store(url, connections=2)
    await put(store, "a")
    await asyncio.to_thread(
        postgres.run, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    )
    assert isinstance(store, PostgresStore)
    await until(lambda: store._listener is not None)
    await put(store, "b")
    assert await store.one(ONE, name="b") is not None
    await store.close()
