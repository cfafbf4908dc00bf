"""Ends streams whose token has ended, or whose caller may no longer see what they carry."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from signfleet.foundation import clock
from signfleet.foundation.errors import Unauthenticated
from signfleet.identity.access.sessions import Sessions
from signfleet.web.http.event_streams import EventStream, EventStreams

#: Seconds between two checks.
PERIOD: Final = 1.0
#: How many streams one statement checks; other requests get their turn after each.
BATCH: Final = 200
#: Checks of thousands of streams take at most this part of the time, and come less often.
SHARE: Final = 0.02


class StreamGuard:
    """Checks the tokens of all open streams every second, with thousands of streams every few seconds."""

    def __init__(self, streams: EventStreams, sessions: Sessions) -> None:
        self._streams = streams
        self._sessions = sessions
        self._not_before = 0.0

    async def check(self) -> None:
        """Ends every stream whose token has expired or was revoked, or whose caller was locked out."""
        if not self._streams.open or time.monotonic() < self._not_before:
            return
        spent = 0.0
        streams = list(self._streams.open)
        for first in range(0, len(streams), BATCH):
            started = time.perf_counter()
            await self._check(streams[first : first + BATCH])
            spent += time.perf_counter() - started
            await asyncio.sleep(0)
        self._not_before = time.monotonic() + spent / SHARE

    async def _check(self, streams: list[EventStream]) -> None:
        known = [(stream.token, stream.session.id) for stream in streams]
        found = await self._sessions.authenticate_again(known, clock.now())
        for stream, session in zip(streams, found, strict=True):
            if isinstance(session, Unauthenticated):
                stream.end(str(session))
            elif session != stream.session and not await stream.goes_on_for(session):
                stream.end("The caller's permissions have changed.")
