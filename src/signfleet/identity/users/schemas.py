"""The User and Role entities."""

from __future__ import annotations

from typing import Annotated

import msgspec

from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.access.schemas import Permission
from signfleet.identity.people.schemas import Person, person_of
from signfleet.identity.roles.system import role_name
from signfleet.web.contract.paging import PagedList


class NetworkName(msgspec.Struct):
    """A network by id and name."""

    id: Id
    name: str


class User(msgspec.Struct, rename="camel", kw_only=True):
    """A person as a member of a network."""

    id: Id
    person: Person
    network: NetworkName
    description: str | None
    creation_date: DateTime
    last_modified_date: DateTime
    last_login_date: DateTime | None
    is_locked_out: bool
    last_lockout_date: DateTime | None
    role_name: str | None
    permissions: list[Permission]


class NewUserPerson(msgspec.Struct, rename="camel"):
    """Who is invited, under these names until they accept. The password is checked, but never stored."""

    login: str
    password: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class NewUser(msgspec.Struct, rename="camel"):
    """What a user is made of; what else a User entity holds may be sent and does not matter."""

    person: NewUserPerson
    description: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    role_name: str | None = None


class PersonReference(msgspec.Struct, rename="camel"):
    """The person of a user that is sent back."""

    id: Id | None = None
    login: str | None = None


class UserChange(msgspec.Struct, rename="camel"):
    """What a PUT changes; what is left out stays. The id or person of another user is refused."""

    id: Id | None = None
    person: PersonReference | None = None
    description: Annotated[str, msgspec.Meta(max_length=4096)] | msgspec.UnsetType | None = msgspec.UNSET
    role_name: str | msgspec.UnsetType | None = msgspec.UNSET
    is_locked_out: bool | msgspec.UnsetType = msgspec.UNSET


class UserPage(PagedList):
    """A PagedList of users."""

    items: list[User]


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


def user_of(row: Row, permissions: list[Permission]) -> User:
    """The entity of a row of `users.store`."""
    return User(
        id=row.id,
        person=person_of(row),
        network=NetworkName(row.network_id, row.network_name),
        description=row.description,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        last_login_date=_date(row.last_login_date),
        is_locked_out=bool(row.is_locked_out),
        last_lockout_date=_date(row.last_lockout_date),
        role_name=role_name(row),
        permissions=permissions,
    )


def told(row: Row) -> dict[str, object]:
    """A user as the audit trail tells it."""
    return {
        "description": row.description,
        "roleName": role_name(row),
        "isLockedOut": bool(row.is_locked_out),
        "isInvited": row.activation_date is None,
    }


def last_change(row: Row) -> int:
    """When anything of the User entity changed last, in ms."""
    dates = (row.last_modified_date, row.person_last_modified_date, row.last_login_date, row.role_last_modified_date)
    return max(int(date) for date in dates if date is not None)
