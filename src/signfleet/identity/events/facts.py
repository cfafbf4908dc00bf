"""Streams that something happened: which kinds of things, and to which devices. What a page shows it asks for itself.

Streams of a network with the same permissions share a task, which sends at most about one message a second:

    event: facts
    data: {"health":[12,15],"device":[15],"group":[]}

It comes of events and of changes in the audit trail: of what players do, and of what people do. A message `many` says
that more has happened than one lists. A message `beat` says that the stream lives.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Final

import structlog

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.json import encode
from signfleet.identity.audit.recording import topic_of as topic_of_changes
from signfleet.identity.events import store as queries
from signfleet.identity.events.hints import ChangeHints, last_change
from signfleet.notify.events import reading
from signfleet.notify.events.reading import PENDING_SECONDS, Position
from signfleet.notify.events.recording import topic_of
from signfleet.web.http.event_streams import EventStream, message

#: Seconds between two messages, those within which events are read together, and those without any after which a
#: beat is sent.
PACE: Final = 1.0
GATHER: Final = 0.05
BEAT: Final = 20.0
#: More events than these are only said to be many.
LIMIT: Final = 500

#: What the kinds of events are about.
WORDS: Final = {
    "DeviceRegistered": "device",
    "DeviceRemoved": "device",
    "HealthChanged": "health",
    "ErrorReported": "error",
    "DownloadsReported": "download",
    "ScreenshotReceived": "picture",
    "SettingsApplied": "settings",
    "SettingsRefused": "settings",
    "CommandFinished": "command",
    "SubscriptionAged": "subscription",
    "SubscriptionCreated": "subscription",
    "SubscriptionQueued": "subscription",
    "SubscriptionExpiring": "subscription",
    "DuplicateSerial": "joining",
    "SecretRefused": "joining",
    "BlockedSerialRefused": "joining",
    "SerialClaimed": "joining",
    "NetworkCreated": "network",
    "NetworkSettingsChanged": "network",
    "NetworkLevelChanged": "network",
    "NetworkTrialExpiring": "network",
    "NetworkLocked": "network",
    "UserAdded": "user",
    "UserRemoved": "user",
    "UserLocked": "user",
    "SignInLocked": "user",
}

log = structlog.get_logger("facts")


class _Group:
    """The streams of one network with the same permissions, and the task that reads for them."""

    def __init__(self, store: Store, network_id: int, scope: Scope, position: Position, hints: ChangeHints) -> None:
        self._store = store
        self._network_id = network_id
        self._query: Query[queries.FactRow] = queries.facts_between(scope)
        self._parameters = scope.parameters
        self._position = position
        self._hints = hints
        self.streams: set[EventStream] = set()
        self.task = asyncio.create_task(self._follow(), name=f"facts of network {network_id}")

    async def _follow(self) -> None:
        with self._store.listening(topic_of(self._network_id), topic_of_changes(self._network_id)) as woken:
            while True:
                woken.clear()
                try:
                    found = await self._read()
                    after = {"after_transaction": self._position.transaction_id, "after_id": self._position.id}
                    pending = await self._store.one(queries.UNSETTLED, network_id=self._network_id, **after)
                except Exception:
                    log.exception("facts cannot be read", network=self._network_id)
                    await asyncio.sleep(PACE)
                    continue
                if found:
                    self._push(message(encode(found), kind="facts"))
                    await asyncio.sleep(PACE)
                try:
                    await asyncio.wait_for(woken.wait(), BEAT if pending is None else PENDING_SECONDS)
                    await asyncio.sleep(GATHER)
                except TimeoutError:
                    if pending is None:
                        self._push(message(b"{}", kind="beat"))

    async def _read(self) -> dict[str, list[int]]:
        changed = await self._hints.read(LIMIT)
        happened = await self._events()
        if changed is None or happened is None:
            return {"many": []}
        words = changed.keys() | happened.keys()
        return {word: sorted(changed.get(word, set()) | happened.get(word, set())) for word in sorted(words)}

    async def _events(self) -> dict[str, set[int]] | None:
        """Returns the devices of the next events by what they are about; None for more than `LIMIT`."""
        last = await reading.end(self._store)
        if not self._position < last:
            return {}
        rows = await self._store.scan_all(
            self._query,
            network_id=self._network_id,
            after_transaction=self._position.transaction_id,
            after_id=self._position.id,
            upto_transaction=last.transaction_id,
            upto_id=last.id,
            limit=LIMIT,
            **self._parameters,
        )
        self._position = last
        if len(rows) == LIMIT:
            return None
        found: dict[str, set[int]] = defaultdict(set)
        for row in rows:
            found[WORDS[row.kind]].update(() if row.device_id is None else (row.device_id,))
        return found

    def _push(self, chunk: bytes) -> None:
        for stream in self.streams:
            stream.push(chunk)


class FactFeeds:
    """Feeds the streams of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._groups: dict[tuple[object, ...], _Group] = {}

    async def feed(self, stream: EventStream, network_id: int, scope: Scope, changes: Scope) -> None:
        """Pushes what happens from now on to a stream until this task is cancelled.

        `scope` is that of events, `changes` that of entries of the audit trail.
        """
        begin, last = await reading.end(self._store), await last_change(self._store, network_id)
        key = (network_id, *scope.key, *changes.key)
        group = self._groups.get(key)
        if group is None:
            hints = ChangeHints(self._store, network_id, changes, last)
            group = self._groups[key] = _Group(self._store, network_id, scope, begin, hints)
        group.streams.add(stream)
        try:
            await asyncio.get_running_loop().create_future()  # until the stream closes and cancels this task
        finally:
            group.streams.discard(stream)
            if not group.streams and self._groups.get(key) is group:
                del self._groups[key]
                group.task.cancel()
