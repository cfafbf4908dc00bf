"""The Person entity."""

from __future__ import annotations

import msgspec

from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id


class Person(msgspec.Struct, rename="camel", kw_only=True):
    """A person as the wire shows it. `password` is only ever told once, when the server has made it."""

    id: Id
    login: str
    password: str | None = None
    first_name: str | None
    last_name: str | None
    creation_date: DateTime
    last_modified_date: DateTime
    activation_date: DateTime | None


class PersonChange(msgspec.Struct, rename="camel"):
    """What a person can change of their own account; what is left out stays. Id or login of another one is refused."""

    id: Id | None = None
    login: str | None = None
    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    last_name: str | msgspec.UnsetType | None = msgspec.UNSET
    password: str | None = None
    #: The present password, which a change of it needs unless the person has just signed in with it.
    current_password: str | None = None


class Registration(msgspec.Struct, rename="camel"):
    """A person to be; without a password one is made."""

    login: str
    password: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def person_of(row: Row, password: str | None = None) -> Person:
    """The entity of a row of `people.store.PERSON_COLUMNS`."""
    return Person(
        id=row.person_id,
        login=row.login,
        password=password,
        first_name=row.first_name,
        last_name=row.last_name,
        creation_date=datetime.format(row.person_creation_date),
        last_modified_date=datetime.format(row.person_last_modified_date),
        activation_date=None if row.activation_date is None else datetime.format(row.activation_date),
    )
