"""Events are recorded with the change that they are about, and read after a position, each exactly once."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import func, select

from signfleet.foundation.clock import now
from signfleet.foundation.storage import transactions
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import event
from signfleet.foundation.wire.timespan import DAY
from signfleet.notify.events import reading
from signfleet.notify.events import store as reading_queries
from signfleet.notify.events.kinds import KINDS, EventData, HealthChanged, UserAdded
from signfleet.notify.events.reading import Position, read_after
from signfleet.notify.events.recording import ALL_EVENTS, Event, record, topic_of
from signfleet.notify.events.retention import EventRetention

COUNT = Query(select(func.count().label("number")).select_from(event))
PATIENCE = 30
START = Position(0, 0)


async def happen(store: Store, network_id: int, *events: Event, date: int | None = None) -> None:
    async def work(tx: Transaction) -> None:
        await record(tx, network_id, *events, now=now() if date is None else date)

    await store.write(work)


def added(number: int) -> Event:
    return Event(UserAdded(login=f"user{number}@example.com", user_id=number))


async def read_all(store: Store, network_id: int | None, after: Position = START, limit: int = 3) -> list[Any]:
    found: list[Any] = []
    while True:
        batch = await read_after(store, network_id, after, limit)
        found += batch.events
        if not batch.events and not batch.is_pending:
            return found
        after = batch.position


async def test_an_event_is_read_as_it_was_recorded(store: Store) -> None:
    moment = now()
    await happen(store, 5, Event(HealthChanged(from_="Normal", to="Error", reason="silent"), 7, "ABC"), date=moment)
    (row,) = await read_all(store, 5)
    assert (row.network_id, row.date, row.kind, row.device_id, row.serial) == (5, moment, "HealthChanged", 7, "ABC")
    assert row.name == "Error"
    assert msgspec.json.decode(row.data) == {"from": "Normal", "to": "Error", "reason": "silent"}


async def test_a_change_that_fails_leaves_no_event(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await record(tx, 5, added(1), now=now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.write(work)
    assert await read_all(store, 5) == []


async def test_nothing_is_written_when_nothing_happened(store: Store) -> None:
    with store.listening(ALL_EVENTS) as woken:
        await happen(store, 5)
        await happen(store, 5, added(1))
        assert woken.is_set()
        assert len(await read_all(store, 5)) == 1


async def test_networks_are_read_apart_or_all_together(store: Store) -> None:
    await happen(store, 5, added(1), added(2))
    await happen(store, 6, added(3))
    await happen(store, 5, added(4))
    names = [row.name.partition("@")[0] for row in await read_all(store, None)]
    assert names == ["user1", "user2", "user3", "user4"]
    assert [row.name.partition("@")[0] for row in await read_all(store, 5)] == ["user1", "user2", "user4"]


async def test_a_reader_goes_on_after_the_position_that_it_stored(store: Store) -> None:
    await happen(store, 5, added(1), added(2))
    batch = await read_after(store, 5, START, 1)
    stored = Position.parse(str(batch.position))
    await happen(store, 5, added(3))
    assert [row.id for row in await read_all(store, 5, stored)] == [2, 3]
    assert [row.id for row in await read_all(store, 5, await reading.resume(store, stored))] == [2, 3]


async def test_the_end_is_after_everything_that_has_happened(store: Store) -> None:
    await happen(store, 5, added(1))
    last = await reading.end(store)
    assert await read_all(store, 5, last) == []
    await happen(store, 5, added(2))
    assert [row.name for row in await read_all(store, 5, last)] == ["user2@example.com"]


async def test_no_late_commit_is_skipped_while_many_write(store: Store) -> None:
    """Every event is read once although transactions of different length commit in any order."""
    luck = random.Random(7)

    async def write(number: int) -> None:
        async def work(tx: Transaction) -> None:
            await record(tx, 5, added(number), now=now())
            for _ in range(luck.choice([0, 0, 1, 20])):
                await tx.one(COUNT)

        await store.write(work)

    async def follow() -> list[str]:
        names: list[str] = []
        after = START
        with store.listening(topic_of(5)) as woken:
            while len(names) < 120:
                woken.clear()
                batch = await read_after(store, 5, after, 7)
                names += [row.name or "" for row in batch.events]
                after = batch.position
                if not batch.events:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), reading.PENDING_SECONDS if batch.is_pending else PATIENCE)
        return names

    follower = asyncio.create_task(follow())
    for start in range(0, 120, 30):
        await asyncio.gather(*(write(number) for number in range(start, start + 30)))
    async with asyncio.timeout(PATIENCE):
        names = await follower
    assert sorted(names) == sorted(f"user{number}@example.com" for number in range(120))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_an_event_waits_for_an_older_transaction(store: Store) -> None:
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await record(tx, 5, added(1), now=now())
        has_begun.set()
        await may_end.wait()

    writing = asyncio.create_task(store.write(slow))
    await has_begun.wait()
    await happen(store, 5, added(2))
    batch = await read_after(store, 5, START)
    assert batch == ([], START, True)
    may_end.set()
    await writing
    assert [row.id for row in (await read_after(store, 5, START)).events] == [1, 2]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_open_transactions_of_others_delay_nothing_or_for_a_bounded_time(
    store: Store, database: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in another database, and one of a session that has been left open; one that is still in use does."""
    other, left = await asyncpg.connect(postgres_url), await asyncpg.connect(database)
    try:
        await other.execute("CREATE TABLE x (y INT); BEGIN; INSERT INTO x VALUES (1)")
        await happen(store, 5, added(1))
        assert [row.id for row in await read_all(store, 5)] == [1]
        await left.execute("BEGIN; UPDATE network SET name = name || 'x'; SELECT pg_current_xact_id()")
        await happen(store, 5, added(2))
        assert [row.id for row in (await read_after(store, 5, START)).events] == [1]
        soon = transactions._RUNNING.replace("90 seconds", "1 milliseconds")
        monkeypatch.setattr(transactions, "_RUNNING", soon)
        monkeypatch.setattr(reading_queries, "END", Query(reading_queries.END.statement))
        await asyncio.sleep(0.01)
        assert [row.id for row in (await read_after(store, 5, START)).events] == [1, 2]
    finally:
        await other.close()
        await left.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_postgresql_ends_sessions_of_ours_that_do_nothing_within_a_transaction(store: Store) -> None:
    setting = Query(select(func.current_setting("idle_in_transaction_session_timeout").label("value")))
    assert [row.value for row in await store.all(setting)] == ["1min"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_restored_store_delivers_old_events_before_new_ones(store: Store) -> None:
    """Another database server counts its transactions from the beginning."""
    await happen(store, 5, added(1))
    ahead = Query(event.update().values(transaction_id=event.c.transaction_id + 10**9))

    async def restore(tx: Transaction) -> None:
        await tx.execute(ahead)

    await store.write(restore)
    stored = Position(10**9, 0)
    await EventRetention(store, days=1).sweep(now())
    await happen(store, 5, added(2))
    assert [row.id for row in await read_all(store, 5)] == [1, 2]
    assert [row.id for row in await read_all(store, 5, await reading.resume(store, stored))] == [1, 2]


async def test_events_are_deleted_after_their_retention(store: Store) -> None:
    moment = now()
    await happen(store, 5, added(1), date=moment - 3 * DAY)
    await happen(store, 6, added(2), date=moment - 2 * DAY - 1)
    await happen(store, 5, added(3), date=moment - DAY)
    await EventRetention(store, days=2).sweep(moment)
    assert [row.id for row in await read_all(store, None)] == [3]


async def test_ids_do_not_start_again_when_all_events_are_deleted(store: Store) -> None:
    await happen(store, 5, added(1), date=1)
    stored = (await read_after(store, 5, START)).position
    await EventRetention(store, days=1).sweep(now())
    await happen(store, 5, added(2))
    assert [row.name for row in await read_all(store, 5, stored)] == ["user2@example.com"]


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-b", "1-2 ", "9" * 30 + "-1"])
def test_a_position_that_no_stream_has_sent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as '0-17'"):
        Position.parse(text)


def test_every_kind_is_in_the_list() -> None:
    assert set(KINDS.values()) == set(EventData.__subclasses__())
    assert all(kind.__doc__ for kind in KINDS.values())
