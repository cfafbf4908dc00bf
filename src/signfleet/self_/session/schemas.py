"""What a session looks like on the wire."""

from __future__ import annotations

import msgspec

from signfleet.wire.types import DateTime, Id


class NetworkName(msgspec.Struct):
    """A network by id and name."""

    id: Id
    name: str


class SessionDocument(msgspec.Struct, rename="camel"):
    """Every attribute of the session."""

    network: NetworkName | None
    #: Space-separated.
    authorization_scope: str
    last_modified_date: DateTime


class NetworkChoice(msgspec.Struct):
    """The network to work in, by id or by name."""

    id: Id | None = None
    name: str | None = None
