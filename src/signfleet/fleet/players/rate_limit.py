"""The rate limit of players, so that a player in an endless loop cannot fill the store."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.rate_limit import RateLimit

#: This many requests may come at once, as after a night without network; then one every `SECONDS`.
BURST: Final = 60
SECONDS: Final = 0.5
#: What players say of commands comes in answer to requests, twice for each: remote control sends many in a row.
COMMAND_BURST: Final = 240
COMMAND_SECONDS: Final = 0.05


def player_rate_limit() -> RateLimit:
    """Returns a limit whose keys are device ids, serials or addresses."""
    return RateLimit(BURST, SECONDS, "This player sends too many requests")


def command_rate_limit() -> RateLimit:
    """Returns the limit of what players say of commands."""
    return RateLimit(COMMAND_BURST, COMMAND_SECONDS, "This player sends too many requests")
