"""The contract's TokenInfo."""

from __future__ import annotations

from typing import Protocol

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime


class TokenInfo(msgspec.Struct, rename="camel"):
    """A token with its scopes, separated by spaces, and the dates between which it is valid."""

    token: str
    scope: str
    valid_from: DateTime
    valid_to: DateTime


class TokenRow(Protocol):
    """The columns that TokenInfo shows; dates are in ms."""

    scope: str
    valid_from: int
    valid_to: int


def token_info(token: str, row: TokenRow) -> TokenInfo:
    """Returns the entity of a row."""
    return TokenInfo(token, row.scope, datetime.format(row.valid_from), datetime.format(row.valid_to))
