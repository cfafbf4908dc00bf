"""Corrects the time stamps of players whose clocks are wrong."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.wire import timespan

#: A player's clock may be off by this much (ms) before the server corrects its time stamps.
TOLERANCE: Final = timespan.MINUTE


def shift(sent: int | None, now: int) -> int:
    """Returns what to add to time stamps of a player whose clock showed `sent` when ours shows `now`; all in ms."""
    return 0 if sent is None or abs(now - sent) <= TOLERANCE else now - sent
