"""The SQL of a person's sessions."""

from __future__ import annotations

from typing import Literal, Protocol

from sqlalchemy import bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import application, network, session, token

Grant = Literal["client_credentials", "password", "browser", "authorization_code"]


class OwnSession(Protocol):
    id: int
    #: None: a player's.
    grant_type: Grant | None
    address: str | None
    #: ms
    creation_date: int


class LiveSession(OwnSession, Protocol):
    #: ms
    last_used_date: int | None
    #: The names of application and network.
    application: str | None
    network: str | None
    #: When the last of its tokens expires, in ms.
    until: int


class LockedSession(OwnSession, Protocol):
    network_id: int | None


#: Sessions with a valid token, newest first, below an id.
LIVE_SESSIONS = Query(
    select(
        session.c.id,
        session.c.grant_type,
        session.c.address,
        session.c.creation_date,
        session.c.last_used_date,
        application.c.name.label("application"),
        network.c.name.label("network"),
        select(func.max(token.c.valid_to))
        .where(token.c.session_id == session.c.id, token.c.used_date.is_(None))
        .scalar_subquery()
        .label("until"),
    )
    .outerjoin(application, application.c.id == session.c.application_id)
    .outerjoin(network, network.c.id == session.c.network_id)
    .where(
        session.c.person_id == bindparam("person_id"),
        session.c.id < bindparam("below"),
        session.c.expiration_date > bindparam("now"),
        select(token.c.session_id)
        .where(token.c.session_id == session.c.id, token.c.valid_to > bindparam("now"), token.c.used_date.is_(None))
        .exists(),
    )
    .order_by(session.c.id.desc())
    .limit(bindparam("count")),
    LiveSession,
)
LOCK_OWN_SESSION = Query(
    select(session.c.id, session.c.network_id, session.c.address, session.c.grant_type, session.c.creation_date)
    .where(session.c.id == bindparam("id"), session.c.person_id == bindparam("person_id"))
    .with_for_update(),
    LockedSession,
)
