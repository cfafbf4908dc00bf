"""Wakes tasks that wait for a commit: in this process, in other processes and on other nodes.

A topic is what tasks wait for, such as the events of a network. A unit of work announces it, and who listens is woken
after the commit:

    async def work(tx):
        id_ = await tx.next_id("event")
        …
        tx.announce(Topic("event", network_id))

    with store.listening(Topic("event", network_id)) as woken:
        while True:
            woken.clear()  # before the read: a commit after it sets it again, and nothing is missed
            …read what is new…
            await woken.wait()

A wake-up carries that something happened, not what, and may come without a reason: each waiter reads for itself.
How other processes learn of it: PostgreSQL's notifications name the topics (`listening.Listener`); on a SQLite file a
process notices that another one has written, and which sequences of ids that one has advanced (`sqlite_neighbours`).
So who announces a topic has taken an id of its sequence in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

#: A notification of PostgreSQL has at most 8000 bytes; beyond this, topics of one sequence are announced as all of it.
PAYLOAD_LIMIT = 7000
_ALL = "*"


class Topic(NamedTuple):
    """What tasks wait for: `sequence` is one of `tables.SEQUENCES`, `id` the network or device that it is about."""

    sequence: str
    id: int


class Wakeups:
    """The tasks of this process that wait for topics."""

    def __init__(self) -> None:
        self._waiting: dict[Topic, set[asyncio.Event]] = {}

    @contextmanager
    def listening(self, *topics: Topic) -> Iterator[asyncio.Event]:
        """Yields an event that is set whenever one of the topics may have been announced."""
        event = asyncio.Event()
        for topic in topics:
            self._waiting.setdefault(topic, set()).add(event)
        try:
            yield event
        finally:
            for topic in topics:
                self._waiting[topic].discard(event)
                if not self._waiting[topic]:
                    del self._waiting[topic]

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def wake(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            for event in self._waiting.get(topic, ()):
                event.set()

    def wake_sequences(self, names: Collection[str]) -> None:
        """Wakes who waits for any topic of these sequences."""
        self.wake([topic for topic in self._waiting if topic.sequence in names])

    def wake_all(self) -> None:
        self.wake(list(self._waiting))

    def wake_announced(self, payload: str) -> None:
        """Wakes who waits for the topics of a payload that `payload_of` has written, in this or another version."""
        named = [word.partition(":") for word in payload.split()]
        self.wake([Topic(name, int(id_)) for name, _, id_ in named if id_.isdigit()])
        self.wake_sequences({name for name, _, id_ in named if id_ == _ALL})


def payload_of(topics: Collection[Topic]) -> str:
    """Returns the topics as words such as `event:7`, or `event:*` for very many of one sequence."""
    text = " ".join(f"{name}:{id_}" for name, id_ in sorted(topics))
    return text if len(text) <= PAYLOAD_LIMIT else " ".join(f"{name}:{_ALL}" for name in sorted({t[0] for t in topics}))
