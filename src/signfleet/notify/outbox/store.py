"""The SQL of the outbox."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, func, select, tuple_

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import outbox


class OutboxRow(Protocol):
    """A stored message; dates in ms."""

    network_id: int
    id: int
    channel: str
    receiver: str
    webhook_id: int | None
    subject: str
    content: str
    state: str
    creation_date: int
    next_attempt_date: int | None
    give_up_date: int
    attempts: int
    last_attempt_date: int | None
    duration: int | None
    status: int | None
    answer: str | None
    last_error: str | None


#: How many rows one transaction deletes.
BATCH = 1000

INSERT = Query(outbox.insert())
DUE = Query(
    select(outbox)
    .where(outbox.c.channel == bindparam("channel"), outbox.c.next_attempt_date <= bindparam("now"))
    .order_by(outbox.c.next_attempt_date, outbox.c.id)
    .limit(20),
    OutboxRow,
)
_this = and_(outbox.c.network_id == bindparam("in_network"), outbox.c.id == bindparam("this_id"))
ONE = Query(select(outbox).where(_this), OutboxRow)
LOCK = Query(select(outbox).where(_this).with_for_update(), OutboxRow)
AMONG = Query(
    select(outbox).where(outbox.c.network_id == bindparam("network_id"), among(outbox.c.id, "ids")), OutboxRow
)
#: Succeeds for one process only: the others find another date. So do `FINISH`, `POSTPONE` and `DELETE` after a claim
#: that has expired.
_claimed = and_(_this, outbox.c.next_attempt_date == bindparam("due"))
CLAIM = Query(
    outbox.update()
    .where(_claimed)
    .values(
        next_attempt_date=bindparam("until"), attempts=outbox.c.attempts + 1, last_attempt_date=bindparam("attempt")
    )
)
POSTPONE = Query(
    outbox.update()
    .where(_claimed)
    .values(
        next_attempt_date=bindparam("next"),
        state=bindparam("new_state"),
        duration=bindparam("new_duration"),
        status=bindparam("new_status"),
        answer=bindparam("new_answer"),
        last_error=bindparam("reason"),
    )
)
DELETE_DELIVERED = Query(outbox.delete().where(_claimed))
REPLAY = Query(
    outbox.update()
    .where(_this)
    .values(
        next_attempt_date=bindparam("now"),
        give_up_date=bindparam("give_up"),
        state="waiting",
        attempts=0,
        last_error=None,
    )
)
_old = (
    select(outbox.c.network_id, outbox.c.id)
    .where(outbox.c.state == bindparam("state"), outbox.c.creation_date < bindparam("before"))
    .limit(BATCH)
)
DELETE_OLD = Query(outbox.delete().where(tuple_(outbox.c.network_id, outbox.c.id).in_(_old)))

#: How many messages of a state are counted at most.
COUNTED = 10_000


class StateCount(Protocol):
    channel: str
    total: int
    #: ms
    oldest: int


_of_state = (
    select(outbox.c.channel, outbox.c.creation_date)
    .where(outbox.c.state == bindparam("state"))
    .order_by(outbox.c.creation_date)
    .limit(COUNTED)
    .subquery()
)
#: The oldest messages of a state, counted by channel.
COUNT_STATE = Query(
    select(
        _of_state.c.channel, func.count().label("total"), func.min(_of_state.c.creation_date).label("oldest")
    ).group_by(_of_state.c.channel),
    StateCount,
)
