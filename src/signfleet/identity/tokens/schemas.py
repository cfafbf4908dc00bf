"""The Token Info entity: what the contract tells of a token."""

from __future__ import annotations

import msgspec

from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime


class TokenInfo(msgspec.Struct, rename="camel"):
    """A token, what it is good for (space-separated scopes) and when."""

    token: str
    scope: str
    valid_from: DateTime
    valid_to: DateTime


def token_info(token: str, row: Row) -> TokenInfo:
    """The entity of a row with `scope`, `valid_from` and `valid_to`."""
    return TokenInfo(token, row.scope, datetime.format(row.valid_from), datetime.format(row.valid_to))
