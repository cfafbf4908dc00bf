"""The SQL of authorization codes."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import bindparam, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import authorization_code


class CodeRow(Protocol):
    person_id: int
    #: None: the command line's own client.
    application_id: int | None
    network_id: int | None
    redirect_uri: str
    challenge: str
    scope: str
    #: ms
    valid_to: int
    #: ms
    used_date: int | None
    session_id: int | None


_this = authorization_code.c.hash == bindparam("code_hash")
INSERT_CODE = Query(authorization_code.insert())
CODE = Query(select(authorization_code).where(_this), CodeRow)
#: Locks a code until the transaction ends.
LOCK_CODE = Query(select(authorization_code).where(_this).with_for_update(), CodeRow)
USE_CODE = Query(
    authorization_code.update()
    .where(_this)
    .values(used_date=bindparam("now"), session_id=bindparam("opened_session_id"))
)

#: How many old codes one transaction deletes.
_BATCH: Final = 1000
DELETE_OLD_CODES = Query(
    authorization_code.delete().where(
        authorization_code.c.hash.in_(
            select(authorization_code.c.hash).where(authorization_code.c.valid_to < bindparam("before")).limit(_BATCH)
        )
    )
)
