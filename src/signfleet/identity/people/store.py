"""The SQL of people and their profiles."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, case, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network, one_time_link, person, person_profile, user

#: What `people.schemas.person_of` reads; users bring the same columns along.
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

PERSON_BY_ID = Query(_person.where(person.c.id == bindparam("id")))
#: For a change: kept from others' until the unit of work ends, while sessions may still be opened for the person.
PERSON_TO_CHANGE = Query(_person.where(person.c.id == bindparam("id")).with_for_update(key_share=True))
#: For a new session: until the unit of work ends nobody changes the person.
PERSON_TO_SIGN_IN = Query(_person.where(person.c.id == bindparam("id")).with_for_update(read=True))
#: The account of a mailbox; registrations and invitations are none.
PERSON_OF_MAILBOX = Query(_person.where(_of_mailbox, person.c.activation_date.is_not(None)))
#: Locks everybody who claims a mailbox, until the transaction ends. Before their users and links, always.
LOCK_MAILBOX = Query(select(person.c.id).where(_of_mailbox).order_by(person.c.id).with_for_update())
#: To whom a forgotten password matters: the account, else the newest invitation or registration.
PERSON_TO_MAIL = Query(
    select(*PERSON_COLUMNS, person.c.is_locked_out, func.max(network.c.name).label("network_name"))
    .select_from(person)
    .outerjoin(user, user.c.person_id == person.c.id)
    .outerjoin(network, network.c.id == user.c.network_id)
    .where(_of_mailbox)
    .group_by(person.c.id)
    .order_by(case((person.c.activation_date.is_not(None), 0), else_=1), person.c.id.desc())
    .limit(1)
)
ALL_PEOPLE = Query(_person.order_by(person.c.login_key))

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
#: From now on the person signs in, with this password alone.
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
#: So many old rows go at a time, that others may write in between.
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
#: With the account that the mailbox has, if any, and whether that was ever proved.
LINK = Query(_link)
#: For using it up, which only one can.
LINK_TO_TAKE = Query(_link.with_for_update(of=one_time_link))
INSERT_LINK = Query(one_time_link.insert())
#: Links that were used or replaced are good no longer.
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
    .order_by(user.c.id)
)

INSERT_PERSON = Query(person.insert())
INSERT_PROFILE_VALUE = Query(person_profile.insert())

PROFILE_VALUE = Query(
    select(person_profile.c.value).where(
        person_profile.c.person_id == bindparam("person_id"), person_profile.c.name_key == bindparam("name_key")
    )
)
