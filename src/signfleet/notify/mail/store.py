"""The SQL of the outbox."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import mail


class MailRow(Protocol):
    """A stored mail."""

    id: int
    recipient: str
    subject: str
    text: str
    html: str
    creation_date: int
    next_attempt_date: int
    attempts: int


DUE = Query[MailRow](select(mail).where(mail.c.next_attempt_date <= bindparam("now")).order_by(mail.c.id).limit(20))
#: Succeeds for one process only: the others find another date.
CLAIM = Query(
    mail.update()
    .where(mail.c.id == bindparam("id_"), mail.c.next_attempt_date == bindparam("due"))
    .values(next_attempt_date=bindparam("until"), attempts=mail.c.attempts + 1)
)
POSTPONE = Query(
    mail.update()
    .where(mail.c.id == bindparam("id_"))
    .values(next_attempt_date=bindparam("next"), last_error=bindparam("reason"))
)
DELETE = Query(mail.delete().where(mail.c.id == bindparam("id")))
DELETE_GIVEN_UP = Query(
    mail.delete().where(mail.c.next_attempt_date.is_(None), mail.c.creation_date < bindparam("before"))
)
INSERT = Query(mail.insert())
