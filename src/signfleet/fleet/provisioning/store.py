"""The SQL of setup tokens."""

from __future__ import annotations

from sqlalchemy import bindparam, func, literal_column, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import token

_THIS_SETUP_TOKEN = (
    token.c.hash == bindparam("hash"),
    token.c.kind == "setup",
    token.c.network_id == bindparam("network_id"),
    token.c.valid_to > bindparam("now"),
)
#: A setup token of a network that has not expired.
SETUP_TOKEN = Query(select(token).where(*_THIS_SETUP_TOKEN))
DELETE_SETUP_TOKEN = Query(token.delete().where(*_THIS_SETUP_TOKEN))
COUNT_TOKENS = Query(
    select(func.count().label("total"))
    .select_from(token)
    .where(
        token.c.network_id == bindparam("network_id"),
        literal_column("token.kind = 'setup'"),  # as the index says it
        token.c.valid_to > bindparam("now"),
    )
)
INSERT_TOKEN = Query(
    token.insert(), columns=[column.name for column in token.c if column.name != token.c.granted_by.name]
)
