"""The SQL of the heartbeat and the outages."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import heartbeat, outage


class Heartbeat(Protocol):
    #: ms
    date: int


class StoredOutage(Protocol):
    #: ms
    began: int
    #: ms
    ended: int


_heartbeat = select(heartbeat.c.date).where(heartbeat.c.id == 1)

HEARTBEAT = Query(_heartbeat, Heartbeat)
#: Locks the heartbeat until the transaction ends.
LOCK_HEARTBEAT = Query(_heartbeat.with_for_update(), Heartbeat)
INSERT_HEARTBEAT = Query(
    insert(heartbeat)
    .values(id=1, date=bindparam("date"), counted_date=bindparam("counted_date"))
    .on_conflict_do_nothing()
)
RENEW = Query(heartbeat.update().where(heartbeat.c.id == 1).values(date=bindparam("new_date")))

OUTAGES = Query(select(outage.c.began, outage.c.ended).order_by(outage.c.began), StoredOutage)
INSERT_OUTAGE = Query(insert(outage).on_conflict_do_nothing())
DELETE_OUTAGES = Query(outage.delete().where(outage.c.ended < bindparam("before")))
