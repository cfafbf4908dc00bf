"""The SQL of recording, reading and deleting events."""

from __future__ import annotations

from typing import Any, Final, Protocol

from sqlalchemy import BigInteger, BindParameter, Integer, bindparam, func, select, tuple_

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import event
from signfleet.foundation.storage.transactions import running_from, this_transaction

#: How many events one transaction deletes.
BATCH: Final = 5000

_columns = [column.name for column in event.columns if column.name != "transaction_id"]
_given: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in _columns}
INSERT = Query(event.insert().values(transaction_id=this_transaction(), **_given))


class EventRow(Protocol):
    network_id: int
    transaction_id: int
    id: int
    #: ms
    date: int
    kind: str
    device_id: int | None
    serial: str | None
    name: str | None
    #: JSON
    data: str


#: The columns of `EventRow`.
COLUMNS: Final[tuple[Any, ...]] = tuple(event.c[name] for name in EventRow.__annotations__)

_position = tuple_(event.c.transaction_id, event.c.id)
_after = tuple_(bindparam("transaction_id", type_=BigInteger()), bindparam("id_", type_=BigInteger()))
_read = (
    select(*COLUMNS)
    .where(_position > _after)
    .order_by(event.c.transaction_id, event.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
READ_AFTER = Query(_read.where(event.c.network_id == bindparam("network_id")), EventRow)
READ_ALL_AFTER = Query(_read, EventRow)


class End(Protocol):
    running_from: int
    #: The highest id of an event; None if there is none.
    id: int | None


END = Query(
    select(
        running_from().label("running_from"),
        select(func.max(event.c.id)).where(event.c.transaction_id == 0).scalar_subquery().label("id"),
    ),
    End,
)

_oldest = select(event.c.network_id, event.c.transaction_id, event.c.id, event.c.date)
_oldest_batch = _oldest.order_by(event.c.transaction_id, event.c.id).limit(BATCH).subquery()
_expired = select(_oldest_batch.c.network_id, _oldest_batch.c.transaction_id, _oldest_batch.c.id)
DELETE_OLD = Query(
    event.delete().where(
        tuple_(event.c.network_id, event.c.transaction_id, event.c.id).in_(
            _expired.where(_oldest_batch.c.date < bindparam("before"))
        )
    )
)
#: Events of a database that this one was restored from: their transactions are not of this one.
SETTLE_RESTORED = Query(event.update().where(event.c.transaction_id > this_transaction()).values(transaction_id=0))
