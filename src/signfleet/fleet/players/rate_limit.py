"""The rate limit of players, so that a player in an endless loop cannot fill the store."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.rate_limit import RateLimit

#: This many requests may come at once, as after a night without network; then one every `SECONDS`.
BURST: Final = 60
SECONDS: Final = 0.5


def player_rate_limit() -> RateLimit:
    """Returns a limit whose keys are device ids, serials or addresses."""
    return RateLimit(BURST, SECONDS, "This player sends too many requests")
