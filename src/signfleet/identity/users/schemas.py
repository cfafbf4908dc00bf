"""The User and User Notification Settings entities."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.access.schemas import Permission
from signfleet.identity.people.schemas import Person, person_of
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.store import UserRow
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
    """The invited person, who has these names until they accept. The password is checked, but never stored."""

    login: str
    password: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class NewUser(msgspec.Struct, rename="camel"):
    """The body that creates a user; the other members of a User entity are ignored."""

    person: NewUserPerson
    description: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    role_name: str | None = None


class PersonReference(msgspec.Struct, rename="camel"):
    """The person in a User entity that a client sends back."""

    id: Id | None = None
    login: str | None = None


class UserChange(msgspec.Struct, rename="camel"):
    """The body that changes a user; omitted properties stay. The id or person of another user is refused."""

    id: Id | None = None
    person: PersonReference | None = None
    description: Annotated[str, msgspec.Meta(max_length=4096)] | msgspec.UnsetType | None = msgspec.UNSET
    role_name: str | msgspec.UnsetType | None = msgspec.UNSET
    is_locked_out: bool | msgspec.UnsetType = msgspec.UNSET


class UserPage(PagedList):
    """A PagedList of users."""

    items: list[User]


TEMPLATE_LIMIT: Final = 65_536
#: For all templates of a user, in bytes of JSON.
TEMPLATES_LIMIT: Final = 131_072

#: The events, in the contract's order. Of most there are two: for one device and for several at once.
EVENTS: Final = (
    "networkSuspending",
    "networkSuspended",
    "networkSubscriptionUpgraded",
    "networkTrialPeriodStarted",
    "networkTrialPeriodExpiring",
    "networkTrialPeriodExpired",
    "deviceFailure",
    "devicesFailure",
    "deviceDisconnected",
    "devicesDisconnected",
    "subscriptionCreated",
    "subscriptionsCreated",
    "subscriptionQueued",
    "subscriptionsQueued",
    "graceSubscriptionExpiring",
    "graceSubscriptionsExpiring",
    "demoSubscriptionExpiring",
    "demoSubscriptionsExpiring",
    "subscriptionExpiring",
    "subscriptionsExpiring",
    "subscriptionExpired",
    "subscriptionsExpired",
    "subscriptionSuspending",
    "subscriptionsSuspending",
    "subscriptionSuspended",
    "subscriptionsSuspended",
)
_SUSPENDED: Final = {"networkSuspended", "subscriptionSuspended", "subscriptionsSuspended"}
_ADMINISTRATORS: Final = _SUSPENDED | {
    "networkSubscriptionUpgraded",
    "networkTrialPeriodStarted",
    "networkTrialPeriodExpiring",
    "networkTrialPeriodExpired",
}

Template = Annotated[
    str, msgspec.Meta(max_length=TEMPLATE_LIMIT, description="The mail's text; null for the server's own.")
]

NotificationSettings = msgspec.defstruct(
    "NotificationSettings",
    [
        field
        for event in EVENTS
        for field in ((f"{event}NotificationEnabled", bool), (f"{event}NotificationTemplate", Template | None))
    ],
    module=__name__,
)


def default_notifications(role_id: int | None) -> dict[str, Any]:
    """Returns the settings of a user who has not chosen any; administrators get more events."""
    enabled = _ADMINISTRATORS if role_id == ADMINISTRATORS.id else _SUSPENDED
    document: dict[str, Any] = {}
    for event in EVENTS:
        document[f"{event}NotificationEnabled"] = event in enabled
        document[f"{event}NotificationTemplate"] = None
    return document


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


def user_of(row: UserRow, permissions: list[Permission]) -> User:
    """Returns the entity of a row."""
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


def audit_view(row: UserRow) -> dict[str, object]:
    """Returns a user as audit entries show it."""
    return {
        "description": row.description,
        "roleName": role_name(row),
        "isLockedOut": bool(row.is_locked_out),
        "isInvited": row.activation_date is None,
    }


def last_change(row: UserRow) -> int:
    """Returns when anything of the User entity changed last, in ms."""
    dates = (row.last_modified_date, row.person_last_modified_date, row.last_login_date, row.role_last_modified_date)
    return max(date for date in dates if date is not None)
