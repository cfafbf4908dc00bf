"""Lets units of work meet where it hurts: several have read what they go by, and none has written yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from signfleet.foundation.storage import postgres

#: Seconds to wait for a unit of work that does not come: what another one holds keeps it away.
PATIENCE = 0.3


@contextmanager
def reading_before_writing(count: int = 2) -> Iterator[None]:
    """In this block units of work on PostgreSQL hold back their first write until `count` of them are about to write.

    One that waits for what another holds cannot come that far; the others go on without it. SQLite, where units of
    work run one after another, needs no help to keep them apart.
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
