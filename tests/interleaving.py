"""Makes transactions overlap where they conflict: several have read, and none has written yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from signfleet.foundation.storage import postgres

#: Seconds to wait for a transaction that does not come, since it waits for another one's lock.
PATIENCE = 0.3


@contextmanager
def reading_before_writing(count: int = 2) -> Iterator[None]:
    """Delays the first write of each transaction on PostgreSQL until `count` of them are about to write.

    One that waits for another one's lock does not get there; the others go on without it. On SQLite transactions run
    one after another, and nothing is delayed.
    """
    waiting: list[Any] = []
    all_there = asyncio.Event()
    write_one, write_many = postgres._Transaction.execute, postgres._Transaction.execute_many

    async def meet(tx: Any) -> None:
        if not any(tx is other for other in waiting):
            waiting.append(tx)
            if len(waiting) >= count:
                all_there.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(all_there.wait(), PATIENCE)

    async def execute(self: Any, *args: Any, **params: Any) -> int:
        await meet(self)
        return await write_one(self, *args, **params)

    async def execute_many(self: Any, *args: Any, **params: Any) -> None:
        await meet(self)
        await write_many(self, *args, **params)

    with patch.multiple(postgres._Transaction, execute=execute, execute_many=execute_many):
        yield
