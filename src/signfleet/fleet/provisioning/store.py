"""The SQL of setup tokens."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, func, literal_column, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import token


class StoredToken(Protocol):
    hash: bytes
    scope: str
    author: str | None
    #: ms
    valid_from: int
    #: ms
    valid_to: int
    max_uses: int | None
    uses: int | None


_THIS_SETUP_TOKEN = (
    token.c.hash == bindparam("hash"),
    token.c.kind == "setup",
    token.c.network_id == bindparam("network_id"),
    token.c.valid_to > bindparam("now"),
)
#: An unexpired setup token of a network.
SETUP_TOKEN = Query(select(token).where(*_THIS_SETUP_TOKEN), StoredToken)
DELETE_SETUP_TOKEN = Query(token.delete().where(*_THIS_SETUP_TOKEN))
COUNT_TOKENS = Query(
    select(func.count().label("total"))
    .select_from(token)
    .where(
        token.c.network_id == bindparam("network_id"),
        literal_column("token.kind = 'setup'"),  # spelled as in the partial index
        token.c.valid_to > bindparam("now"),
    )
)
INSERT_TOKEN = Query(
    token.insert(), columns=[column.name for column in token.c if column.name != token.c.granted_by.name]
)
