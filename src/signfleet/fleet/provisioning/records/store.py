"""The SQL of provisioning records."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import setup_record

#: What clients send.
COLUMNS = (
    "serial",
    "username",
    "name",
    "model",
    "description",
    "setup_id",
    "setup_name",
    "url",
    "user_data",
)


class RecordRow(Protocol):
    """A record; `user_data` as JSON, dates in ms."""

    network_id: int
    id: str
    serial: str
    username: str
    name: str | None
    model: str | None
    description: str | None
    setup_id: str | None
    setup_name: str | None
    url: str | None
    user_data: str | None
    creation_date: int
    last_modified_date: int
    version: int


class OwnerRow(Protocol):
    network_id: int
    serial_key: str


class Total(Protocol):
    total: int


_rows = select(
    setup_record.c.network_id,
    setup_record.c.id,
    *(setup_record.c[name] for name in COLUMNS),
    setup_record.c.creation_date,
    setup_record.c.last_modified_date,
    setup_record.c.version,
)


def _is_or_any(name: str) -> ColumnElement[bool]:
    """Returns whether a column is the value of a parameter; without a value, it is."""
    column = setup_record.c[name]
    return func.coalesce(bindparam(name, type_=column.type), column) == column


_of_network = setup_record.c.network_id == bindparam("network_id")
_matching = (
    _of_network,
    _is_or_any("username_key"),
    func.coalesce(bindparam("setup_name_key", type_=setup_record.c.setup_name_key.type), "").in_(
        ["", func.coalesce(setup_record.c.setup_name_key, "")]
    ),
)
_page = _rows.where(*_matching).limit(bindparam("count")).offset(bindparam("skipped"))
PAGE = Query(_page.order_by(setup_record.c.serial_key), RecordRow)
PAGE_DESCENDING = Query(_page.order_by(setup_record.c.serial_key.desc()), RecordRow)
COUNT = Query(select(func.count().label("total")).where(*_matching), Total)
#: How many records give their serial a setup: by its id, or by its name where they have no id.
COUNT_OF_SETUP = Query(
    select(func.count().label("total")).where(
        _of_network,
        or_(
            func.lower(setup_record.c.setup_id) == bindparam("setup_id"),
            and_(setup_record.c.setup_id.is_(None), setup_record.c.setup_name_key == bindparam("package_key")),
        ),
    ),
    Total,
)
RECORD = Query(_rows.where(_of_network, setup_record.c.id == bindparam("id")), RecordRow)
RECORD_OF_SERIAL = Query(_rows.where(setup_record.c.serial_key == bindparam("serial_key")), RecordRow)
NETWORKS_OF_SERIALS = Query(
    select(setup_record.c.network_id, setup_record.c.serial_key).where(among(setup_record.c.serial_key, "keys")),
    OwnerRow,
)
LOCK_RECORD = Query(
    _rows.where(
        setup_record.c.network_id == bindparam("network_id"), setup_record.c.id == bindparam("id")
    ).with_for_update(),
    RecordRow,
)
LOCK_RECORD_OF_SERIAL = Query(
    _rows.where(
        setup_record.c.network_id == bindparam("network_id"), setup_record.c.serial_key == bindparam("serial_key")
    ).with_for_update(),
    RecordRow,
)
#: Locks records in the order of their ids.
LOCK_RECORDS = Query(
    _rows.where(setup_record.c.network_id == bindparam("network_id"), among(setup_record.c.id, "ids"))
    .order_by(setup_record.c.id)
    .with_for_update(),
    RecordRow,
)
INSERT_RECORD = Query(setup_record.insert())
REPLACE_RECORD = Query(
    setup_record.update()
    .where(setup_record.c.network_id == bindparam("in_network"), setup_record.c.id == bindparam("this_id"))
    .values(
        {name: bindparam(f"new_{name}") for name in (*COLUMNS, "serial_key", "username_key", "setup_name_key")}
        | {"last_modified_date": bindparam("now"), "version": setup_record.c.version + 1}
    )
)
DELETE_RECORD = Query(
    delete(setup_record).where(
        setup_record.c.network_id == bindparam("in_network"), setup_record.c.id == bindparam("this_id")
    )
)
