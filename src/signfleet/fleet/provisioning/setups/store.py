"""The SQL of setups."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network, setup


class SetupRow(Protocol):
    """A setup; the document as JSON, dates in ms."""

    id: str
    package_key: str
    document: str
    creation_date: int
    last_modified_date: int


class NetworkName(Protocol):
    name: str


NETWORK_NAME = Query(select(network.c.name).where(network.c.id == bindparam("id")), NetworkName)

_rows = select(setup.c.id, setup.c.package_key, setup.c.document, setup.c.creation_date, setup.c.last_modified_date)
_matching = (
    setup.c.network_id == bindparam("network_id"),
    # Without a value, every setup matches.
    func.coalesce(bindparam("package_key", type_=setup.c.package_key.type), setup.c.package_key) == setup.c.package_key,
    func.coalesce(bindparam("username_key", type_=setup.c.username_key.type), setup.c.username_key)
    == setup.c.username_key,
)
_page = _rows.where(*_matching).limit(bindparam("count")).offset(bindparam("skipped"))
PAGE = Query(_page.order_by(setup.c.package_key, setup.c.id), SetupRow)
PAGE_DESCENDING = Query(_page.order_by(setup.c.package_key.desc(), setup.c.id.desc()), SetupRow)
SETUP = Query(_rows.where(setup.c.network_id == bindparam("network_id"), setup.c.id == bindparam("id")), SetupRow)
#: Of several setups with one name, the newest.
SETUP_OF_NAME = Query(
    _rows.where(setup.c.network_id == bindparam("network_id"), setup.c.package_key == bindparam("package_key"))
    .order_by(setup.c.id.desc())
    .limit(1),
    SetupRow,
)
LOCK_SETUP = Query(
    _rows.where(setup.c.network_id == bindparam("network_id"), setup.c.id == bindparam("id")).with_for_update(),
    SetupRow,
)
INSERT_SETUP = Query(setup.insert())
REPLACE_SETUP = Query(
    setup.update()
    .where(setup.c.network_id == bindparam("in_network"), setup.c.id == bindparam("this_id"))
    .values(
        package_key=bindparam("new_package_key"),
        username_key=bindparam("new_username_key"),
        document=bindparam("new_document"),
        last_modified_date=bindparam("now"),
    )
)
DELETE_SETUP = Query(
    setup.delete().where(setup.c.network_id == bindparam("in_network"), setup.c.id == bindparam("this_id"))
)
