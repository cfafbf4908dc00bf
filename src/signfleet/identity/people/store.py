"""The SQL of people and their profiles."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, case, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network, one_time_link, person, person_profile, user


class PersonRow(Protocol):
    """A person. Dates are in ms."""

    person_id: int
    login: str
    first_name: str | None
    last_name: str | None
    person_creation_date: int
    person_last_modified_date: int
    #: None for a registration or an invitation, which nobody can sign in with.
    activation_date: int | None
    mailbox_key: str
    #: When the reader of the mailbox was last known to be the person.
    proof_date: int | None


class AccountRow(PersonRow, Protocol):
    """A person with what signs them in."""

    password_hash: str | None
    is_locked_out: int


class PersonToMailRow(PersonRow, Protocol):
    """A person whose password somebody has forgotten."""

    is_locked_out: int
    #: Of an invitation.
    network_name: str | None


class LinkRow(PersonRow, Protocol):
    """A live link with its person."""

    return_url: str | None
    #: The account of the same mailbox.
    account_id: int | None
    #: Whether anybody of the mailbox has a proof date.
    is_proved: int


class MembershipRow(Protocol):
    """One of a person's users, with its network."""

    id: int
    network_id: int
    network_name: str


class ProfileValueRow(Protocol):
    """A value of a profile."""

    value: str


#: The columns of `PersonRow`; the queries of users select them, too.
PERSON_COLUMNS = (
    person.c.id.label("person_id"),
    person.c.login,
    person.c.first_name,
    person.c.last_name,
    person.c.creation_date.label("person_creation_date"),
    person.c.last_modified_date.label("person_last_modified_date"),
    person.c.activation_date,
    person.c.mailbox_key,
    person.c.proof_date,
)

_person = select(*PERSON_COLUMNS, person.c.password_hash, person.c.is_locked_out)
_of_mailbox = person.c.mailbox_key == bindparam("mailbox_key")

PERSON_BY_ID = Query(_person.where(person.c.id == bindparam("id")), AccountRow)
#: Locks a person for a change until the transaction ends. Others can still sign in as the person meanwhile.
LOCK_PERSON = Query(_person.where(person.c.id == bindparam("id")).with_for_update(key_share=True), AccountRow)
#: For a new session: the shared lock lasts until the transaction ends, so nobody changes the person meanwhile.
LOCK_PERSON_SHARED = Query(_person.where(person.c.id == bindparam("id")).with_for_update(read=True), AccountRow)
#: The account of a mailbox; registrations and invitations are no accounts.
PERSON_OF_MAILBOX = Query(_person.where(_of_mailbox, person.c.activation_date.is_not(None)), AccountRow)
#: Locks all people of a mailbox until the transaction ends. Lock order: the mailbox before its users and links.
LOCK_MAILBOX = Query(select(person.c.id).where(_of_mailbox).order_by(person.c.id).with_for_update())
#: Who gets the mail after a forgotten password: the account, or else the newest invitation or registration.
PERSON_TO_MAIL = Query(
    select(*PERSON_COLUMNS, person.c.is_locked_out, func.max(network.c.name).label("network_name"))
    .select_from(person)
    .outerjoin(user, user.c.person_id == person.c.id)
    .outerjoin(network, network.c.id == user.c.network_id)
    .where(_of_mailbox)
    .group_by(person.c.id)
    .order_by(case((person.c.activation_date.is_not(None), 0), else_=1), person.c.id.desc())
    .limit(1),
    PersonToMailRow,
)
ALL_PEOPLE = Query(_person.order_by(person.c.login_key), AccountRow)

UPDATE_PERSON = Query(
    person.update()
    .where(person.c.id == bindparam("id_"))
    .values(
        first_name=bindparam("new_first_name"),
        last_name=bindparam("new_last_name"),
        password_hash=bindparam("new_password_hash"),
        last_modified_date=bindparam("now"),
    )
)
#: Makes a person an account that signs in with this password alone.
PROVE_PERSON = Query(
    person.update()
    .where(person.c.id == bindparam("id_"))
    .values(
        activation_date=func.coalesce(person.c.activation_date, bindparam("now")),
        proof_date=func.coalesce(person.c.proof_date, bindparam("now")),
        password_hash=bindparam("new_password_hash"),
        last_modified_date=bindparam("modified"),
    )
)
_is_member = select(user.c.id).where(user.c.person_id == person.c.id).exists()
_is_registration = and_(person.c.activation_date.is_(None), ~_is_member)
DELETE_REGISTRATIONS = Query(person.delete().where(_of_mailbox, _is_registration))
DELETE_REGISTRATION = Query(person.delete().where(person.c.id == bindparam("id"), _is_registration))
#: Old rows are deleted in batches of this size, so that other writes need not wait for all of them.
_BATCH = 1000
DELETE_OLD_REGISTRATIONS = Query(
    person.delete().where(
        person.c.id.in_(
            select(person.c.id).where(person.c.creation_date < bindparam("before"), _is_registration).limit(_BATCH)
        )
    )
)
SET_LOCKED = Query(
    person.update()
    .where(person.c.id == bindparam("id_"))
    .values(is_locked_out=bindparam("locked"), last_modified_date=bindparam("now"))
)

SET_PASSWORD = Query(
    person.update()
    .where(person.c.id == bindparam("id_"))
    .values(password_hash=bindparam("new_password_hash"), last_modified_date=bindparam("now"))
)

_account = person.alias("account")
_link = (
    select(
        one_time_link.c.return_url,
        *PERSON_COLUMNS,
        select(_account.c.id)
        .where(_account.c.mailbox_key == person.c.mailbox_key, _account.c.activation_date.is_not(None))
        .scalar_subquery()
        .label("account_id"),
        select(_account.c.id)
        .where(_account.c.mailbox_key == person.c.mailbox_key, _account.c.proof_date.is_not(None))
        .exists()
        .label("is_proved"),
    )
    .select_from(one_time_link)
    .join(person, person.c.id == one_time_link.c.person_id)
    .where(
        one_time_link.c.hash == bindparam("hash"),
        one_time_link.c.purpose == bindparam("purpose"),
        one_time_link.c.valid_to > bindparam("now"),
    )
)
LINK = Query(_link, LinkRow)
#: Locks a link until the transaction ends, so that only one request uses it.
LOCK_LINK = Query(_link.with_for_update(of=one_time_link), LinkRow)
INSERT_LINK = Query(one_time_link.insert())
#: Deletes links that were used or replaced.
DELETE_LINKS = Query(
    one_time_link.delete().where(
        one_time_link.c.person_id == bindparam("person_id"), one_time_link.c.purpose == bindparam("purpose")
    )
)
DELETE_OLD_LINKS = Query(one_time_link.delete().where(one_time_link.c.valid_to <= bindparam("now")))

#: The person's users, with their networks.
MEMBERSHIPS = Query(
    select(user.c.id, user.c.network_id, network.c.name.label("network_name"))
    .join(network, network.c.id == user.c.network_id)
    .where(user.c.person_id == bindparam("person_id"))
    .order_by(user.c.id),
    MembershipRow,
)

INSERT_PERSON = Query(person.insert())
INSERT_PROFILE_VALUE = Query(person_profile.insert())

PROFILE_VALUE = Query(
    select(person_profile.c.value).where(
        person_profile.c.person_id == bindparam("person_id"), person_profile.c.name_key == bindparam("name_key")
    ),
    ProfileValueRow,
)
