"""Delivers events to streams as they happen, with one query for all streams that get the same events.

Streams of a network with the same filter and the same permissions share a feed. One task for each network that has
streams waits for a commit, then lets each feed read what is new, once, and push the bytes to its streams: 5,000 streams
of an installation where three roles look at ten networks are thirty queries for an event in each network.

A stream that goes on after a position first reads what it has missed, in pages, as fast as its client takes them. It
joins its feed at the moment when it has read up to the feed's position, so it misses nothing and gets nothing twice.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from signfleet.foundation.errors import SignfleetError
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Listing, Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.json import encode
from signfleet.identity.events import store as queries
from signfleet.identity.events.catalogue import EVENTS
from signfleet.identity.events.service import record_of
from signfleet.notify.events import reading
from signfleet.notify.events.reading import PENDING_SECONDS, Position, position_of
from signfleet.notify.events.recording import topic_of
from signfleet.notify.events.store import EventRow
from signfleet.web.http.event_streams import EventStream, message

#: How many events a feed or a stream reads at once.
PAGE: Final = 200
#: To how many streams a feed pushes before others get their turn: some 2 ms.
AT_ONCE: Final = 64
#: Events that are committed within so many seconds are read together.
GATHER_SECONDS: Final = 0.01
#: Seconds after which a feed tries again when the store fails.
RETRY_SECONDS: Final = 1.0

log = structlog.get_logger("events")


class _Feed:
    """The streams of one network that get the same events."""

    def __init__(self, store: Store, network_id: int, filter: Filter | None, scope: Scope, position: Position) -> None:
        self._store = store
        self._query = queries.matching_between(Listing(EVENTS), filter, scope)
        self._parameters = {"network_id": network_id, **scope.parameters}
        #: Everything up to here has been delivered.
        self.position = position
        self.streams: set[EventStream] = set()
        #: How many streams use it, those that still read what they have missed included.
        self.users = 0

    async def read(self, after: Position, upto: Position) -> list[EventRow]:
        """Reads the next page of matching events."""
        bounds = {
            "after_transaction": after.transaction_id,
            "after_id": after.id,
            "upto_transaction": upto.transaction_id,
            "upto_id": upto.id,
        }
        return await self._store.scan_all(self._query, limit=PAGE, **bounds, **self._parameters)

    async def advance(self, upto: Position) -> None:
        """Delivers what is new up to a position."""
        while self.position < upto:
            rows = await self.read(self.position, upto)
            self.position = position_of(rows[-1]) if len(rows) == PAGE else upto
            if rows:
                await self._push(b"".join(map(_message, rows)))
            await asyncio.sleep(0)

    async def _push(self, chunk: bytes) -> None:
        """Pushes to a few streams at a time: to write to thousands at once would make every request wait."""
        streams = list(self.streams)  # one that joins meanwhile has read up to `position`, which includes the chunk
        for first in range(0, len(streams), AT_ONCE):
            for stream in streams[first : first + AT_ONCE]:
                stream.push(chunk)
            await asyncio.sleep(0)


class _Network:
    """The feeds of a network, and the task that advances them."""

    def __init__(self, store: Store, network_id: int) -> None:
        self._store = store
        self._network_id = network_id
        self.feeds: dict[tuple[object, ...], _Feed] = {}
        #: Set when a feed is new: events may have been committed since its position was read.
        self._woken = asyncio.Event()
        self.task = asyncio.create_task(self._follow(), name=f"events of network {network_id}")

    def add(self, key: tuple[object, ...], feed: _Feed) -> None:
        self.feeds[key] = feed
        self._woken.set()

    async def _follow(self) -> None:
        with self._store.listening(topic_of(self._network_id)) as self._woken:
            while True:
                self._woken.clear()
                try:
                    patience = await self._patience(await self._advance())
                except Exception:
                    log.exception("events cannot be read", network=self._network_id)
                    patience = RETRY_SECONDS
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), patience)
                await asyncio.sleep(GATHER_SECONDS)

    async def _patience(self, last: Position) -> float | None:
        """Returns after how many seconds to read again although nothing is announced; None: never."""
        after = {"after_transaction": last.transaction_id, "after_id": last.id}
        unsettled = await self._store.one(queries.UNSETTLED, network_id=self._network_id, **after)
        return None if unsettled is None else PENDING_SECONDS

    async def _advance(self) -> Position:
        """Lets each feed read what is new; returns up to where."""
        last = await reading.end(self._store)
        for feed in list(self.feeds.values()):
            try:
                await feed.advance(last)
            except SignfleetError as error:  # the filter takes longer than a search may
                for stream in list(feed.streams):
                    stream.end(str(error))
        return last


class EventFeeds:
    """Feeds the streams of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._networks: dict[int, _Network] = {}

    async def feed(
        self, stream: EventStream, network_id: int, filter: Filter | None, scope: Scope, after: Position | None
    ) -> None:
        """Pushes events to a stream until this task is cancelled: those after a position, or those from now on."""
        begin = await reading.end(self._store)
        network = self._networks.get(network_id)
        if network is None:
            network = self._networks[network_id] = _Network(self._store, network_id)
        key = (filter.echo if filter is not None else None, *scope.key)
        feed = network.feeds.get(key)
        if feed is None:
            feed = _Feed(self._store, network_id, filter, scope, begin)
            network.add(key, feed)
        feed.users += 1
        try:
            if after is not None:
                await _catch_up(stream, feed, await reading.resume(self._store, after))
            feed.streams.add(stream)
            await asyncio.get_running_loop().create_future()  # until the stream closes and cancels this task
        finally:
            feed.streams.discard(stream)
            feed.users -= 1
            if not feed.users:
                del network.feeds[key]
            if not network.feeds and self._networks.get(network_id) is network:
                del self._networks[network_id]
                network.task.cancel()


async def _catch_up(stream: EventStream, feed: _Feed, after: Position) -> None:
    """Pushes what happened after a position, up to where the feed is when this returns."""
    while after < (upto := feed.position):
        rows = await feed.read(after, upto)
        after = position_of(rows[-1]) if len(rows) == PAGE else upto
        if rows:
            stream.push(b"".join(map(_message, rows)))
            await stream.room()


def _message(row: EventRow) -> bytes:
    return message(encode(record_of(row)), id_=str(position_of(row)), kind=row.kind)
