"""The session as JSON."""

from __future__ import annotations

import msgspec

from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.users.schemas import NetworkName


class SessionDocument(msgspec.Struct, rename="camel"):
    """The session of an access token."""

    network: NetworkName | None
    #: Space-separated.
    authorization_scope: str
    last_modified_date: DateTime


class NetworkChoice(msgspec.Struct):
    """The network to work in, by id or by name."""

    id: Id | None = None
    name: str | None = None
