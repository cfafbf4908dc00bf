"""The SQL of links to walls."""

from __future__ import annotations

from typing import Literal, Protocol

from sqlalchemy import bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import wall_link


class WallLinkRow(Protocol):
    """A link; dates in ms."""

    network_id: int
    id: int
    name: str
    filter: str | None
    side: Literal["320", "640"]
    user_id: int
    author: str
    creation_date: int
    expiration_date: int


class WallLinkCount(Protocol):
    number: int


_in_network = wall_link.c.network_id == bindparam("in_network")
_this = (_in_network, wall_link.c.id == bindparam("this_id"))
ALL = Query(select(wall_link).where(_in_network).order_by(wall_link.c.id.desc()), WallLinkRow)
COUNT = Query(select(func.count().label("number")).select_from(wall_link).where(_in_network), WallLinkCount)
BY_HASH = Query(select(wall_link).where(wall_link.c.hash == bindparam("hash")), WallLinkRow)
ONE = Query(select(wall_link).where(*_this), WallLinkRow)
LOCK = Query(select(wall_link).where(*_this).with_for_update(), WallLinkRow)
INSERT = Query(wall_link.insert())
UPDATE = Query(
    wall_link.update()
    .where(*_this)
    .values({name: bindparam(f"new_{name}") for name in ("name", "filter", "side", "expiration_date")})
)
DELETE = Query(wall_link.delete().where(*_this))
DELETE_EXPIRED = Query(wall_link.delete().where(_in_network, wall_link.c.expiration_date <= bindparam("now")))
