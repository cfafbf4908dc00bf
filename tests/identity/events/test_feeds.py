"""An event goes to many streams a few at a time, so that everybody else gets their turn meanwhile."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.expressions.listing import EVERYTHING
from signfleet.identity.events.feeds import EventFeeds
from signfleet.notify.events.kinds import NetworkSettingsChanged
from signfleet.notify.events.recording import Event, record
from signfleet.web.http.event_streams import EventStream, EventStreams
from tests.conftest import ON_SQLITE
from tests.world import now

STREAMS = 300


class NoCall:
    bearer_token, session = "", None


@ON_SQLITE
async def test_others_get_their_turn_while_many_streams_get_an_event(services: Services, network: Tenant) -> None:
    async def pump(_stream: EventStream) -> None: ...

    call: Any = NoCall()
    feeds, network_id = EventFeeds(services.store), network.network_id
    streams = [EventStream(EventStreams(), call, pump, None) for _ in range(STREAMS)]
    feeding = [asyncio.create_task(feeds.feed(stream, network_id, None, EVERYTHING, None)) for stream in streams]
    async with asyncio.timeout(30):
        while True:
            if sum(len(feed.streams) for each in feeds._networks.values() for feed in each.feeds.values()) == STREAMS:
                break
            await asyncio.sleep(0.01)
        await services.store.write(lambda tx: record(tx, network_id, Event(NetworkSettingsChanged()), now=now()))
        seen = [0]
        while seen[-1] < STREAMS:
            await asyncio.sleep(0)
            seen.append(sum(bool(stream._buffer) for stream in streams))
    assert max(after - before for before, after in pairwise(seen)) <= 64
    for task in feeding:
        task.cancel()
    await asyncio.wait(feeding)
