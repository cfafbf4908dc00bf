"""The SQL of tokens, sessions and applications."""

from __future__ import annotations

from typing import Literal, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    column,
    false,
    literal_column,
    or_,
    select,
    text,
)

from signfleet.foundation.storage import counters
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    application,
    device_secret,
    network,
    network_total,
    permission,
    person,
    session,
    token,
    user,
)


def is_token(kind: Literal["access", "refresh", "setup"]) -> ColumnElement[bool]:
    """Returns whether a token is of a kind.

    The kind is part of the text, not a parameter: one index covers a single kind, and if a parameter might be that
    kind, SQLite plans the statement again for each new value of any parameter.
    """
    return token.c.kind == literal_column(f"'{kind}'")


def _has_permissions(principal_type: str, principal_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Returns whether a principal of the session's network has any permission."""
    return (
        select(permission.c.network_id)
        .where(
            permission.c.network_id == session.c.network_id,
            permission.c.principal_type == principal_type,
            permission.c.principal_id == principal_id,
        )
        .exists()
    )


#: Who of person, network and user is locked out, and the joins for these columns.
_LOCKS = (
    person.c.is_locked_out.label("person_locked"),
    network.c.is_locked_out.label("network_locked"),
    user.c.is_locked_out.label("user_locked"),
)
_owned = (
    token.join(session, session.c.id == token.c.session_id)
    .outerjoin(person, person.c.id == session.c.person_id)
    .outerjoin(network, network.c.id == session.c.network_id)
    .outerjoin(user, and_(user.c.network_id == session.c.network_id, user.c.id == session.c.user_id))
)


class Standing(Protocol):
    """What decides whether a token that has not expired works: `sessions.refusal`."""

    network_id: int | None
    user_id: int | None
    device_id: int | None
    #: ms
    expiration_date: int
    person_locked: int | None
    network_locked: int | None
    user_locked: int | None


class SessionOfToken(Standing, Protocol):
    hash: bytes
    id: int
    person_id: int | None
    application_id: int | None
    role_id: int | None
    login: str | None
    #: Of the token.
    scope: str
    #: Of the session: None where it is the token's.
    granted: str | None
    #: ms
    last_modified_date: int
    #: ms
    valid_to: int
    #: ms
    used_date: int | None
    has_permissions: int | None
    permission_changes: int | None


#: The triggers of SQLite that fill `session_change` name what this reads.
_session_of_token = (
    select(
        token.c.hash,
        session.c.id,
        session.c.person_id,
        session.c.application_id,
        session.c.network_id,
        session.c.user_id,
        session.c.device_id,
        session.c.last_modified_date,
        session.c.expiration_date,
        token.c.scope,
        session.c.scope.label("granted"),
        token.c.valid_to,
        token.c.used_date,
        person.c.login,
        *_LOCKS,
        user.c.role_id,
        or_(_has_permissions("User", user.c.id), _has_permissions("Role", user.c.role_id)).label("has_permissions"),
        select(network_total.c.total)
        .where(
            network_total.c.network_id == session.c.network_id, network_total.c.entity == counters.PERMISSION_CHANGES
        )
        .scalar_subquery()
        .label("permission_changes"),
    )
    .select_from(_owned)
    .where(is_token("access"))
)
SESSION_OF_TOKEN = Query(_session_of_token.where(token.c.hash == bindparam("hash")), SessionOfToken)
#: The access tokens of sessions: usually one each.
SESSIONS_OF_TOKENS = Query(_session_of_token.where(among(token.c.session_id, "ids")), SessionOfToken)


class SessionChange(Protocol):
    id: int
    #: None: any session.
    session_id: int | None


#: What has changed since a change, of what `SESSION_OF_TOKEN` returns. Triggers of SQLite note the last thousand.
SESSION_CHANGES = Query(
    text("SELECT id, session_id FROM session_change WHERE id > :after ORDER BY id").columns(
        column("id", BigInteger), column("session_id", BigInteger)
    ),
    SessionChange,
)


class LiveToken(Standing, Protocol):
    hash: bytes
    kind: str
    session_id: int
    scope: str
    #: ms
    valid_from: int
    #: ms
    valid_to: int
    person_id: int | None
    application_id: int | None
    login: str | None
    client_id: str | None


#: A token that works, with its owner.
LIVE_TOKEN = Query(
    select(
        token.c.hash,
        token.c.kind,
        token.c.session_id,
        token.c.scope,
        token.c.valid_from,
        token.c.valid_to,
        session.c.person_id,
        session.c.application_id,
        session.c.network_id,
        session.c.user_id,
        session.c.device_id,
        session.c.expiration_date,
        person.c.login,
        *_LOCKS,
        application.c.client_id,
    )
    .select_from(_owned.outerjoin(application, application.c.id == session.c.application_id))
    .where(
        token.c.hash == bindparam("hash"),
        token.c.valid_to > bindparam("now"),
        or_(token.c.used_date.is_(None), is_token("access")),
    ),
    LiveToken,
)
#: When a device first uses an access token, it has received the secret issued with it. Lock order: before tokens.
RECEIVE_SECRET = Query(
    device_secret.update()
    .where(
        device_secret.c.network_id == bindparam("in_network"),
        device_secret.c.device_id == bindparam("of_device"),
        device_secret.c.is_received.is_(false()),
    )
    .values(is_received=True)
)
DELETE_TOKEN = Query(token.delete().where(token.c.hash == bindparam("hash")))
SET_TOKEN_SCOPES = Query(
    token.update().where(token.c.session_id == bindparam("of_session_id")).values(scope=bindparam("granted"))
)
TOUCH_SESSION = Query(
    session.update().where(session.c.id == bindparam("session_id")).values(last_modified_date=bindparam("now"))
)
SESSION_SCOPE = Query(select(session.c.scope).where(session.c.id == bindparam("id")))

INSERT_SESSION = Query(session.insert())
INSERT_TOKEN = Query(
    token.insert(),
    columns=["hash", "kind", "session_id", "network_id", "scope", "valid_from", "valid_to", "used_date"],
)


class RefreshToken(Protocol):
    session_id: int
    person_id: int | None
    application_id: int | None
    network_id: int | None
    user_id: int | None
    device_id: int | None
    #: Of the session.
    granted: str
    #: ms
    session_creation_date: int
    #: Of the token.
    scope: str
    #: ms
    valid_to: int
    #: ms
    used_date: int | None


_sign_in = (
    select(
        session.c.id.label("session_id"),
        session.c.person_id,
        session.c.application_id,
        session.c.network_id,
        session.c.user_id,
        session.c.device_id,
        session.c.scope.label("granted"),
        session.c.creation_date.label("session_creation_date"),
        token.c.scope,
        token.c.valid_to,
        token.c.used_date,
    )
    .select_from(token)
    .join(session, session.c.id == token.c.session_id)
)
REFRESH_TOKEN = Query(_sign_in.where(token.c.hash == bindparam("hash"), is_token("refresh")), RefreshToken)


class ModifiedSession(Protocol):
    #: ms
    last_modified_date: int


#: Locks a session until the transaction ends. Lock order: a session before its tokens.
LOCK_SESSION = Query(
    select(session.c.last_modified_date).where(session.c.id == bindparam("id")).with_for_update(), ModifiedSession
)
MARK_USED = Query(
    token.update()
    .where(token.c.hash == bindparam("token_hash"), token.c.used_date.is_(None))
    .values(used_date=bindparam("now"))
)
DELETE_ACCESS_TOKENS = Query(token.delete().where(token.c.session_id == bindparam("session_id"), is_token("access")))
DELETE_SESSION = Query(session.delete().where(session.c.id == bindparam("id")))
DELETE_OTHER_SESSIONS = Query(
    session.delete().where(session.c.person_id == bindparam("of_person_id"), session.c.id != bindparam("own_id"))
)
RENEW_SESSION = Query(
    session.update()
    .where(session.c.id == bindparam("session_id"))
    .values(
        last_modified_date=bindparam("now"),
        last_used_date=bindparam("now"),
        expiration_date=bindparam("until"),
        address=bindparam("renewed_at"),
    )
)
#: Moves the end of an idle session.
USE_SESSION = Query(
    session.update()
    .where(session.c.id == bindparam("session_id"))
    .values(last_used_date=bindparam("now"), expiration_date=bindparam("until"), address=bindparam("used_at"))
)
SET_SCOPE = Query(session.update().where(session.c.id == bindparam("session_id")).values(scope=bindparam("granted")))
CHOOSE_NETWORK = Query(
    session.update()
    .where(session.c.id == bindparam("session_id"))
    .values(
        network_id=bindparam("chosen_network_id"),
        user_id=bindparam("chosen_user_id"),
        last_modified_date=bindparam("now"),
    )
)


class SignInOfSession(Protocol):
    grant_type: str | None
    #: ms
    creation_date: int
    login: str
    password_hash: str | None


SIGN_IN_OF_SESSION = Query(
    select(session.c.grant_type, session.c.creation_date, person.c.login, person.c.password_hash)
    .join(person, person.c.id == session.c.person_id)
    .where(session.c.id == bindparam("id")),
    SignInOfSession,
)

#: How many old rows one transaction deletes, so that other writes run in between.
_BATCH = 1000
DELETE_OLD_TOKENS = Query(
    token.delete().where(
        token.c.hash.in_(select(token.c.hash).where(token.c.valid_to < bindparam("before")).limit(_BATCH))
    )
)
DELETE_OLD_SESSIONS = Query(
    session.delete().where(
        session.c.id.in_(select(session.c.id).where(session.c.expiration_date < bindparam("before")).limit(_BATCH))
    )
)
