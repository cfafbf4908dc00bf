"""The time of this process: the system's, or later on a testing server."""

from __future__ import annotations

import time

_ahead_ms = 0


def now() -> int:
    """Returns the present moment in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000 + _ahead_ms


def system_microseconds() -> int:
    """Returns the system's time in microseconds since 1970 UTC, for the log."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Returns seconds that only increase, for rate limits: a step of the system's clock does not change them."""
    return time.monotonic() + _ahead_ms / 1000


def ahead() -> int:
    """Returns how many milliseconds this clock is ahead of the system's."""
    return _ahead_ms


def set_ahead(milliseconds: int) -> None:
    """Sets how far this clock is ahead; only the testing server calls it."""
    global _ahead_ms  # noqa: PLW0603 - there is one clock
    _ahead_ms = milliseconds
