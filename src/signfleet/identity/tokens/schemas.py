"""The contract's TokenInfo."""

from __future__ import annotations

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime
from signfleet.identity.access.store import LiveToken


class TokenInfo(msgspec.Struct, rename="camel"):
    """A token with its scopes, separated by spaces, and the dates between which it is valid."""

    token: str
    scope: str
    valid_from: DateTime
    valid_to: DateTime


def token_info(token: str, row: LiveToken) -> TokenInfo:
    """Returns the entity of a row."""
    return TokenInfo(token, row.scope, datetime.format(row.valid_from), datetime.format(row.valid_to))
