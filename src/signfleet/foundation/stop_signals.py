"""Ends a server by SIGINT and SIGTERM at any moment: it stops in good order and exits with status 0.

The process blocks both signals in its first line (`block`), and a server handles them as soon as it can stop in good
order (`StopSignals`). Every other command unblocks them and has the system's behaviour.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def block() -> None:
    """Blocks the signals, also for a program that this process executes in its place."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def unblock() -> None:
    """Unblocks the signals; those that are pending arrive at once."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class StopSignals:
    """Handles the signals in the main thread inside the block, and restores the previous handlers after it."""

    def __init__(self) -> None:
        #: Whether one of them has arrived.
        self.came = False
        self._wake: Callable[[], object] = _nothing
        self._before: dict[int, Any] = {}
        self._mask: set[Any] | None = None

    def __enter__(self) -> StopSignals:
        self._before = {number: signal.signal(number, self._take) for number in SIGNALS}
        if hasattr(signal, "pthread_sigmask"):
            self._mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return self

    def __exit__(self, *_: object) -> None:
        if self._mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, *_: object) -> None:
        self.came = True
        self._wake()

    async def wait(self) -> None:
        """Waits until one of them has arrived."""
        import asyncio  # noqa: PLC0415 - takes long to load, and the signals have to be blocked before

        loop, event = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(event.set)
        try:
            if not self.came:
                await event.wait()
        finally:
            self._wake = _nothing


def _nothing() -> None:
    pass
