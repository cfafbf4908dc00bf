"""A person's sessions and a page of them."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id


class SessionInfo(msgspec.Struct, rename="camel", kw_only=True):
    """One live sign-in. `address` is where its tokens were last issued, `application` the program that uses it."""

    id: Id
    #: Whether it is the session of this request's token.
    is_own: bool
    #: How the person signed in; `browser`: in the console.
    grant: Literal["client_credentials", "password", "browser", "authorization_code"] | None
    application: str | None
    network: str | None
    address: str | None
    creation_date: DateTime
    #: When its tokens were last issued; an access token may have been used since.
    last_used_date: DateTime
    expiration_date: DateTime


class SessionPage(msgspec.Struct, rename="camel", kw_only=True):
    """Sessions, newest first, and the marker of the next page, null on the last one."""

    items: list[SessionInfo]
    next_marker: str | None
