"""How long a person's tokens live: two values that every profile has from the start."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import timespan

ACCESS: Final = "personAccessTokenLifetime"
REFRESH: Final = "personRefreshTokenLifetime"

#: Name → default in ms.
LIFETIMES: Final = {ACCESS: 15 * timespan.MINUTE, REFRESH: timespan.DAY}

SHORTEST: Final = 10 * timespan.SECOND
LONGEST: Final = 3650 * timespan.DAY


def parse_lifetime(field: str, text: str) -> int:
    """Returns a token lifetime in ms. Raises `Invalid` naming `field`."""
    try:
        lifetime = timespan.parse(text)
    except ValueError as error:
        raise Invalid(f"'{field}': {error}.") from None
    if not SHORTEST <= lifetime <= LONGEST:
        limits = f"{timespan.format(SHORTEST)} and {timespan.format(LONGEST)}"
        raise Invalid(f"'{field}' has to be between {limits}, not {text}.")
    return lifetime
