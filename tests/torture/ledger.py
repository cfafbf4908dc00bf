"""Compares the answers of writes with the store after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from contextlib import suppress
from typing import Any

Key = Hashable


class Ledger:
    """The values that each fact may have: one after an answered write, two during a write."""

    def __init__(self) -> None:
        self._possible: dict[Key, set[Any]] = {}
        self.acknowledged = 0
        self.violations: list[str] = []
        self._awaited = 0
        self._reached = asyncio.Event()

    def send(self, key: Key, value: Any, *, before: Any = None) -> None:
        """Records the start of a write; a fact that was never written has the value `before`."""
        self._possible.setdefault(key, {before}).add(value)

    def confirm(self, key: Key, value: Any) -> None:
        self._possible[key] = {value}
        self.acknowledged += 1
        if self.acknowledged >= self._awaited:
            self._reached.set()

    async def reach(self, acknowledged: int, seconds: float) -> None:
        """Waits for `acknowledged` answers in all, at most `seconds`."""
        self._awaited, self._reached = acknowledged, asyncio.Event()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._reached.wait(), seconds)

    def refuse(self, key: Key, before: set[Any]) -> None:
        """Records that the server refused the write, which changes nothing."""
        self._possible[key] = before

    def possible(self, key: Key) -> set[Any]:
        return set(self._possible.get(key, ()))

    def check(self, stored: Mapping[Key, Any], kinds: set[str] | None = None) -> None:
        """Compares with the store, where a missing fact is None; its values are the expected ones from now on."""
        for key, possible in self._possible.items():
            assert isinstance(key, tuple)
            if kinds is not None and key[0] not in kinds:
                continue
            actual = stored.get(key)
            if actual not in possible:
                self.violations.append(f"{key}: stored is {actual!r}, possible are {possible!r}")
            self._possible[key] = {actual}
