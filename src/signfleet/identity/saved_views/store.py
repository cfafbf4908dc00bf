"""The SQL of saved views."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import saved_view

#: The user of views that everybody sees.
EVERYBODY: Final = 0


class ViewRow(Protocol):
    user_id: int
    name: str
    address: str


class ViewCount(Protocol):
    total: int


_of = (saved_view.c.network_id == bindparam("in_network"), saved_view.c.section == bindparam("in_section"))
_this = (*_of, saved_view.c.user_id == bindparam("of_user"), saved_view.c.name_key == bindparam("of_name"))
_columns = (saved_view.c.user_id, saved_view.c.name, saved_view.c.address)

LIST = Query(
    select(*_columns)
    .where(*_of, saved_view.c.user_id.in_((EVERYBODY, bindparam("of_user"))))
    .order_by(saved_view.c.user_id, saved_view.c.name_key),
    ViewRow,
)
ONE = Query(select(*_columns).where(*_this), ViewRow)
COUNT = Query(
    select(func.count().label("total")).where(*_of, saved_view.c.user_id == bindparam("of_user")),
    ViewCount,
)
INSERT = Query(saved_view.insert())
REPLACE = Query(
    saved_view.update()
    .where(*_this)
    .values(name=bindparam("new_name"), address=bindparam("new_address"), last_modified_date=bindparam("now"))
)
DELETE = Query(saved_view.delete().where(*_this))
