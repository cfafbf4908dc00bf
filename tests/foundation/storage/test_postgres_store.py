"""What is special to the server store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, func, select

from signfleet.foundation.storage.interface import StorageError, Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.postgres import PostgresStore
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting
from tests.postgres import Postgres, name_of

INSERT = Query(setting.insert())
ONE = Query(select(setting.c.value).where(setting.c.name == bindparam("name")))
#: A function that ends the connection it is called on, the first time; a sequence remembers in spite of the rollback.
DIE_ONCE = """
    CREATE SEQUENCE deaths;
    CREATE FUNCTION die_once() RETURNS bool LANGUAGE plpgsql AS $$
    BEGIN
        RETURN nextval('deaths') > 1 OR pg_terminate_backend(pg_backend_pid()) AND pg_sleep(1) IS NULL;
    END $$
"""
DEADLY = Query(select(func.die_once()))


@pytest.fixture
def url(postgres: Postgres, migrated_postgresql: str) -> Iterator[str]:
    url = postgres.create(migrated_postgresql)
    yield url


async def until(condition: object) -> None:
    """Waits until `condition()` is true, for half a minute at most."""
    assert callable(condition)
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def put(store: object, name: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT, name=name, value="1")

    assert isinstance(store, PostgresStore)
    await store.write(work)


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_a_node_learns_of_another_nodes_writes(url: str) -> None:
    ours, theirs = await open_store(url, connections=2), await open_store(url, connections=2)
    before = ours.version()
    await put(theirs, "a")
    await until(lambda: ours.version() != before)
    await ours.close()
    await theirs.close()


async def test_a_node_whose_listener_ends_drops_its_caches_and_listens_again(url: str) -> None:
    ours, theirs = await open_store(url, connections=2), await open_store(url, connections=2)
    assert isinstance(ours, PostgresStore)
    remembered = ours.version()
    ours._listener._connection.terminate()
    assert ours.version() != ours.version()
    await until(lambda: ours._listener.is_trusted)
    before = ours.version()
    assert before != remembered
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
    await put(store, "b")
    assert await store.one(ONE, name="b") is not None
    await store.close()


async def test_a_read_whose_connection_ends_runs_again(url: str) -> None:
    store = await open_store(url, connections=2)
    await put(store, "a")
    await execute(url, DIE_ONCE)
    assert (await store.all(DEADLY))[0][0] is True
    await store.close()


async def test_a_unit_of_work_whose_connection_ends_runs_again(url: str) -> None:
    store = await open_store(url, connections=2)
    await execute(url, DIE_ONCE)
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.execute(INSERT, name="a", value="1")
        await tx.all(DEADLY)

    await store.write(work)
    assert runs == 2
    assert await store.one(ONE, name="a") is not None
    await store.close()


async def test_a_unit_of_work_whose_connection_ends_between_two_statements_runs_again(url: str) -> None:
    store = await open_store(url, connections=2)
    assert isinstance(store, PostgresStore)
    runs = 0

    async def work(tx: Any) -> None:
        nonlocal runs
        runs += 1
        await tx.execute(INSERT, name="a", value="1")
        if runs == 1:
            tx._connection.terminate()

    await store.write(work)
    assert runs == 2
    await store.close()


async def test_an_unconfirmed_commit_does_not_run_twice(url: str) -> None:
    store = await open_store(url, connections=2)
    await execute(
        url,
        DIE_ONCE,
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM die_once(); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON setting DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(StorageError, match="did not confirm the write"):
        await put(store, "a")
    assert await store.one(ONE, name="a") is None
    await store.close()


async def test_a_server_whose_connections_always_end_is_a_storage_error(url: str) -> None:
    store = await open_store(url, connections=2)
    end = Query(select(func.pg_terminate_backend(func.pg_backend_pid())))
    with pytest.raises(StorageError, match="could not read"):
        await store.all(end)

    async def work(tx: Transaction) -> None:
        await tx.all(end)

    with pytest.raises(StorageError, match="could not write"):
        await store.write(work)
    assert await store.one(ONE, name="a") is None
    await store.close()
