"""The SQL of people and their profiles."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from signfleet.storage.query import Query
from signfleet.storage.tables import network, one_time_link, person, person_profile, user

#: What `people.schemas.person_of` reads; users bring the same columns along.
PERSON_COLUMNS = (
    person.c.id.label("person_id"),
    person.c.login,
    person.c.first_name,
    person.c.last_name,
    person.c.creation_date.label("person_creation_date"),
    person.c.last_modified_date.label("person_last_modified_date"),
    person.c.activation_date,
)

_person = select(*PERSON_COLUMNS, person.c.password_hash, person.c.is_locked_out)

PERSON_BY_ID = Query(_person.where(person.c.id == bindparam("id")))
#: For a change: kept from others' until the unit of work ends, while sessions may still be opened for the person.
PERSON_TO_CHANGE = Query(_person.where(person.c.id == bindparam("id")).with_for_update(key_share=True))
#: For a new session: until the unit of work ends nobody changes the person.
PERSON_TO_SIGN_IN = Query(_person.where(person.c.id == bindparam("id")).with_for_update(read=True))
PERSON_BY_LOGIN = Query(_person.where(person.c.login_key == bindparam("login_key")))
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
ACTIVATE_PERSON = Query(
    person.update()
    .where(person.c.id == bindparam("id_"), person.c.activation_date.is_(None))
    .values(activation_date=bindparam("now"), last_modified_date=bindparam("modified"))
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

_link = (
    select(one_time_link.c.return_url, *PERSON_COLUMNS)
    .select_from(one_time_link)
    .join(person, person.c.id == one_time_link.c.person_id)
    .where(
        one_time_link.c.hash == bindparam("hash"),
        one_time_link.c.purpose == bindparam("purpose"),
        one_time_link.c.valid_to > bindparam("now"),
    )
)
LINK = Query(_link)
#: For using it up, which only one can.
LINK_TO_TAKE = Query(_link.with_for_update(of=one_time_link))
INSERT_LINK = Query(one_time_link.insert())
#: What somebody has used, or asked anew for, is good no longer.
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
