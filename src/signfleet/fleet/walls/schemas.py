"""Links to walls, as people see them."""

from __future__ import annotations

import msgspec


class WallLink(msgspec.Struct, kw_only=True, frozen=True):
    """A link to a wall; dates in ms. `side` is a key of `blobs.sized.SIDES`."""

    id: int
    name: str
    filter: str | None
    side: str
    author: str
    creation_date: int
    expiration_date: int


class Audited(msgspec.Struct, rename="camel", frozen=True):
    """What the audit trail shows of a link."""

    filter: str | None
    expiration_date: str
