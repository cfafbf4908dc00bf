"""The sessions of a person."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id


class SessionInfo(msgspec.Struct, rename="camel", kw_only=True):
    """One sign-in that is in force. `address` is where its tokens were issued last, `application` who acts in it."""

    id: Id
    #: The session of the token that asks.
    is_own: bool
    grant: Literal["client_credentials", "password"] | None
    application: str | None
    network: str | None
    address: str | None
    creation_date: DateTime
    #: When its tokens were issued last: an access token may have been used since then.
    last_used_date: DateTime
    expiration_date: DateTime


class SessionPage(msgspec.Struct, rename="camel", kw_only=True):
    """Sessions, the newest first, and the marker of the next page; null on the last one."""

    items: list[SessionInfo]
    next_marker: str | None
