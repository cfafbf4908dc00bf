"""Gathers writes of one kind, so that one unit of work does all that wait.

A unit of work of its own costs a savepoint, statements for each row, and a wake-up of the task that waits. Where many
tasks write alike, the first one waits for the next turn of the event loop, and all that come before the unit of work
begins share it:

    a, b, c write     work(tx, [a, b, c]) begins
    d, e write        …
                      a, b, c return; work(tx, [d, e]) begins
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

from signfleet.foundation.storage.interface import StorageError, Store, Transaction

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Does the writes of some items; returns the result of each, None for one that has to be written alone.
Work: TypeAlias = "Callable[[Transaction, list[Item]], Awaitable[list[Result | None]]]"
#: Items by their keys, each with what its task waits for.
_Batch: TypeAlias = "dict[Hashable, tuple[Item, asyncio.Future[Result | None]]]"

log = logging.getLogger(__name__)

#: So many items share a unit of work, and so many of these run at a time.
TOGETHER: Final = 64
AT_ONCE: Final = 2
#: Seconds between the beginnings of two units of work.
PAUSE: Final = 0.005


class Gathering(Generic[Item, Result]):
    """Writes items together by `work`. Two items with the same key never share a unit of work, and keep their order.

    `work` runs as nobody: what needs its actor has to be written alone.
    """

    def __init__(self, store: Store, work: Work[Item, Result]) -> None:
        self._store = store
        self._work = work
        self._waiting: list[tuple[Hashable, Item, asyncio.Future[Result | None]]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._keys: set[Hashable] = set()
        self._next = 0.0
        self._is_due = False

    async def write(self, key: Hashable, item: Item) -> Result | None:
        """Returns the result of an item, None if it has to be written alone. Raises `StorageError`."""
        future: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, item, future))
        self._schedule()
        return await future

    def _schedule(self) -> None:
        if self._waiting and not self._is_due and len(self._running) < AT_ONCE:
            self._is_due = True
            asyncio.get_running_loop().call_at(self._next, self._begin, context=Context())

    def _begin(self) -> None:
        self._is_due = False
        batch: _Batch[Item, Result] = {}
        later = []
        for key, item, future in self._waiting:
            if future.done():  # its task was cancelled
                continue
            if len(batch) < TOGETHER and key not in batch and key not in self._keys:
                batch[key] = item, future
            else:
                later.append((key, item, future))
        self._waiting = later
        if batch:
            loop = asyncio.get_running_loop()
            self._next = loop.time() + PAUSE
            self._keys.update(batch)
            task = loop.create_task(self._run(batch), name="gathering")
            self._running.add(task)
            task.add_done_callback(partial(self._end, batch))
            self._schedule()

    async def _run(self, batch: _Batch[Item, Result]) -> None:
        items = [item for item, _ in batch.values()]
        results: list[Result | None] = [None] * len(items)
        failure: StorageError | None = None
        try:
            results = await self._store.write(lambda tx: self._work(tx, items))
        except StorageError as error:
            failure = error
        except asyncio.CancelledError:  # the server stops
            for _, future in batch.values():
                future.cancel()
            raise
        except Exception:  # that of one item, which raises it again where it is alone
            log.debug("%d writes go on one by one", len(items), exc_info=True)
        for (_, future), result in zip(batch.values(), results, strict=True):
            if future.done():  # its task was cancelled
                continue
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _end(self, batch: _Batch[Item, Result], task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._keys.difference_update(batch)
        self._schedule()
