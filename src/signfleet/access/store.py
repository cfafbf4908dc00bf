"""The SQL of tokens and sessions."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, select

from signfleet.storage.query import Query
from signfleet.storage.tables import network, person, session, token, user

SESSION_OF_TOKEN = Query(
    select(
        session.c.id,
        session.c.person_id,
        session.c.application_id,
        session.c.network_id,
        session.c.user_id,
        session.c.device_id,
        session.c.last_modified_date,
        session.c.expiration_date,
        token.c.scope,
        token.c.valid_to,
        person.c.login,
        person.c.is_locked_out.label("person_locked"),
        network.c.is_locked_out.label("network_locked"),
        user.c.is_locked_out.label("user_locked"),
        user.c.role_id,
    )
    .select_from(token)
    .join(session, session.c.id == token.c.session_id)
    .outerjoin(person, person.c.id == session.c.person_id)
    .outerjoin(network, network.c.id == session.c.network_id)
    .outerjoin(user, and_(user.c.network_id == session.c.network_id, user.c.id == session.c.user_id))
    .where(token.c.hash == bindparam("hash"), token.c.kind == "access")
)

INSERT_SESSION = Query(session.insert())
INSERT_TOKEN = Query(token.insert())
