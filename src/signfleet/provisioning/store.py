"""The SQL of setup tokens."""

from __future__ import annotations

from sqlalchemy import bindparam, func, literal_column, select

from signfleet.storage.query import Query
from signfleet.storage.tables import network, token

_is_valid_setup_token = (
    token.c.hash == bindparam("hash"),
    token.c.kind == "setup",
    token.c.valid_to > bindparam("now"),
)

SETUP_TOKEN = Query(
    select(
        token.c.network_id,
        token.c.scope,
        token.c.valid_from,
        token.c.valid_to,
        network.c.name.label("network_name"),
        network.c.is_locked_out,
    )
    .select_from(token)
    .join(network, network.c.id == token.c.network_id)
    .where(*_is_valid_setup_token)
)
DELETE_SETUP_TOKEN = Query(token.delete().where(*_is_valid_setup_token, token.c.network_id == bindparam("network_id")))
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
