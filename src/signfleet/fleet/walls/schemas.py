"""Links to walls, as people and programs see them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.foundation.wire.types import DateTime, Id

NAME_LIMIT = 128
FILTER_LIMIT = 8192

Side = Literal["320", "640"]
Filter = Annotated[str, Meta(max_length=FILTER_LIMIT, description="An expression of the health of devices.")]


class NewWallLink(msgspec.Struct, rename="camel", kw_only=True):
    """A link to create: it shows the players that `filter` matches, all without one.

    `side` is the longer side of the pictures in pixels. Without a date the link ends after 30 days.
    """

    name: Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT)]
    filter: Filter | None = None
    side: Side = "320"
    expiration_date: DateTime | None = None


class WallLinkChange(NewWallLink, kw_only=True):
    """What a link is to be; its address stays, and without a date its end. The id of another link is refused."""

    id: Id | None = None


class WallLink(msgspec.Struct, rename="camel", kw_only=True):
    """A link to a wall, which sees what its author may see. Its address is never shown again."""

    id: Id
    name: str
    filter: str | None
    side: Side
    author: str
    creation_date: DateTime
    expiration_date: DateTime


class CreatedWallLink(WallLink, kw_only=True):
    """A new link with its address, which only this answer has."""

    link: str


class Audited(msgspec.Struct, rename="camel", frozen=True):
    """What the audit trail shows of a link."""

    filter: str | None
    side: str
    expiration_date: str
