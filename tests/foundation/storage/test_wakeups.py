"""Who listens to a topic is woken after a commit: in this process, by another process, by another node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.storage import listening, sqlite, wakeups
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.sqlite import SqliteStore
from signfleet.foundation.storage.wakeups import Topic, Wakeups, payload_of

ONE, TWO, OTHER = Topic("event", 1), Topic("event", 2), Topic("device", 1)
#: A wake-up that comes at all comes within this many seconds, even on a busy machine.
PATIENCE = 30


@pytest.fixture
async def neighbour(store: Store, database: str) -> AsyncIterator[Store]:
    """Another process's store over the same file or database."""
    other = await open_store(database, connections=2)
    yield other
    await other.close()


async def announce(store: Store, *topics: Topic, fail: bool = False) -> None:
    async def work(tx: Transaction) -> None:
        for topic in topics:
            await tx.next_id(topic.sequence)
            tx.announce(topic)
        if fail:
            raise RuntimeError

    await store.write(work)


async def woken(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await event.wait()


async def test_a_commit_wakes_who_listens_to_its_topic_alone(store: Store) -> None:
    with store.listening(ONE) as one, store.listening(ONE) as also, store.listening(TWO) as another:
        await announce(store, ONE)
        await woken(one)
        await woken(also)
        assert not another.is_set()


async def test_a_transaction_that_fails_wakes_nobody(store: Store) -> None:
    with store.listening(ONE) as one, store.listening(TWO) as two:
        with pytest.raises(RuntimeError):
            await announce(store, ONE, fail=True)
        await announce(store, TWO)
        await woken(two)
        assert not one.is_set()


async def test_a_commit_of_another_process_wakes_who_listens(store: Store, neighbour: Store) -> None:
    with store.listening(ONE) as one, store.listening(OTHER) as other:
        for _ in range(3):  # again and again
            one.clear()
            await announce(neighbour, ONE)
            await woken(one)
        assert not other.is_set()


async def test_a_commit_of_another_process_is_noticed_between_own_ones(store: Store, neighbour: Store) -> None:
    with store.listening(ONE) as one:
        await announce(store, OTHER)
        await announce(neighbour, ONE)
        await announce(store, OTHER)
        await woken(one)


async def test_who_listens_to_one_topic_of_very_many_is_woken(store: Store, neighbour: Store) -> None:
    """A notification of PostgreSQL has no room for a thousand topics."""
    with store.listening(ONE) as one:
        await announce(neighbour, *(Topic("event", 10**12 + number) for number in range(1000)))
        await woken(one)


async def test_a_store_knows_whether_another_process_may_serve_from_it(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "NEIGHBOUR_SECONDS", 1.2)
    monkeypatch.setattr(sqlite, "NEIGHBOUR_SECONDS", 1.2)

    async def becomes(wanted: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while await store.has_neighbours() is not wanted:  # noqa: ASYNC110 - a moment passes
                await asyncio.sleep(0.02)

    await announce(store, ONE)
    await becomes(False)
    neighbour = await open_store(database, connections=2)
    await announce(neighbour, ONE)
    await becomes(True)
    await neighbour.close()
    await becomes(False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_nobody_watches_an_sqlite_file_when_nobody_listens(store: Store) -> None:
    assert isinstance(store, SqliteStore)
    with store.listening(ONE):
        task = store._neighbours._task
        assert task is not None
    async with asyncio.timeout(PATIENCE):
        await task


def test_listeners_leave_nothing_behind() -> None:
    waiting = Wakeups()
    with waiting.listening(ONE), waiting.listening(ONE):
        assert not waiting.is_empty
    assert waiting.is_empty


@given(st.sets(st.builds(Topic, st.sampled_from(["event", "device"]), st.integers(0, 2**53)), max_size=600))
def test_a_payload_wakes_all_that_it_announces(topics: set[Topic]) -> None:
    waiting, text = Wakeups(), payload_of(topics)
    assert len(text) <= wakeups.PAYLOAD_LIMIT
    for topic in topics:
        with waiting.listening(topic) as event:
            waiting.wake_announced(f"sender {text}")
            assert event.is_set()


def test_a_payload_wakes_nobody_else() -> None:
    waiting = Wakeups()
    with waiting.listening(OTHER) as other, waiting.listening(TWO) as two:
        waiting.wake_announced(f"sender {payload_of({ONE})} of:later:versions nonsense")
        assert not other.is_set()
        assert not two.is_set()
