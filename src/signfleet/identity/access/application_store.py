"""The SQL of applications."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import application, person, session, token


class ApplicationRow(Protocol):
    id: int
    client_id: str
    name: str
    description: str | None
    person_id: int
    secret_hash: bytes
    scope: str
    #: ms
    creation_date: int
    #: ms
    last_modified_date: int
    #: ms
    secret_expiration_date: int | None


class ApplicationWithLogin(ApplicationRow, Protocol):
    login: str


APPLICATION_BY_CLIENT_ID = Query(
    select(application).where(application.c.client_id == bindparam("client_id")), ApplicationRow
)
_this_application = select(application).where(application.c.id == bindparam("id"))
APPLICATION_BY_ID = Query(_this_application, ApplicationRow)
#: Locks an application for a change until the transaction ends.
LOCK_APPLICATION = Query(_this_application.with_for_update(), ApplicationRow)
#: Share-locks an application for a new session: nobody changes it until the transaction ends.
SHARE_APPLICATION = Query(_this_application.with_for_update(read=True), ApplicationRow)
APPLICATIONS_OF_PERSON = Query(
    select(application).where(application.c.person_id == bindparam("person_id")).order_by(application.c.id),
    ApplicationRow,
)
ALL_APPLICATIONS = Query(
    select(application, person.c.login)
    .join(person, person.c.id == application.c.person_id)
    .order_by(application.c.name, application.c.id),
    ApplicationWithLogin,
)
INSERT_APPLICATION = Query(application.insert())
UPDATE_APPLICATION = Query(
    application.update()
    .where(application.c.id == bindparam("id_"))
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        name_order=bindparam("new_name_order"),
        description=bindparam("new_description"),
        scope=bindparam("new_scope"),
        secret_expiration_date=bindparam("new_secret_expiration_date"),
        last_modified_date=bindparam("now"),
    )
)
SET_SECRET = Query(
    application.update()
    .where(application.c.id == bindparam("id_"))
    .values(
        secret_hash=bindparam("new_secret_hash"),
        secret_expiration_date=bindparam("new_secret_expiration_date"),
        last_modified_date=bindparam("now"),
    )
)
#: A token ends at the latest with the secret that it was issued for.
SHORTEN_TOKENS_OF_APPLICATION = Query(
    token.update()
    .where(
        token.c.session_id.in_(select(session.c.id).where(session.c.application_id == bindparam("of_application_id"))),
        token.c.valid_to > bindparam("until"),
    )
    .values(valid_to=bindparam("until"))
)
DELETE_APPLICATION = Query(application.delete().where(application.c.id == bindparam("id")))
DELETE_APPLICATIONS_OF_PERSON = Query(application.delete().where(application.c.person_id == bindparam("of_person_id")))
DELETE_SESSIONS_OF_APPLICATION = Query(
    session.delete().where(session.c.application_id == bindparam("of_application_id"))
)
