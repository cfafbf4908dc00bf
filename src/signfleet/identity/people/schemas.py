"""The Person entity."""

from __future__ import annotations

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.people.store import PersonRow


class Person(msgspec.Struct, rename="camel", kw_only=True):
    """A person. `password` is only in the answer to the request for which the server generated it."""

    id: Id
    login: str
    password: str | None = None
    first_name: str | None
    last_name: str | None
    creation_date: DateTime
    last_modified_date: DateTime
    activation_date: DateTime | None


class PersonChange(msgspec.Struct, rename="camel"):
    """The body that changes the own account; omitted properties stay. Id or login of another person is refused."""

    id: Id | None = None
    login: str | None = None
    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    last_name: str | msgspec.UnsetType | None = msgspec.UNSET
    password: str | None = None
    #: The present password: a new one needs it unless the person has just signed in with it.
    current_password: str | None = None


class Registration(msgspec.Struct, rename="camel"):
    """The body that registers a person; without a password the server generates one."""

    login: str
    password: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def person_of(row: PersonRow, password: str | None = None) -> Person:
    """Returns the entity of a row."""
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
