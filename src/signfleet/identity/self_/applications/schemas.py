"""The Application entity."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.applications.service import EXPIRY, SecretExpiry


class Application(msgspec.Struct, rename="camel", kw_only=True):
    """A program with a client id. `clientSecret` is in the answer that creates it, and null in all others;
    `secretExpirationDate` is null for one that never expires."""

    id: Id
    client_id: str
    client_secret: str | None
    name: str
    description: str | None
    scopes: list[str]
    secret_expiration_date: DateTime | None
    creation_date: DateTime
    last_modified_date: DateTime


class NewApplication(msgspec.Struct, rename="camel"):
    """A program to be registered, by default with all scopes of its maker and a secret that never expires."""

    name: str
    description: str | None = None
    scopes: list[str] | None = None
    secret_expiration_date: DateTime | None = None


class ApplicationUpdate(msgspec.Struct, rename="camel"):
    """What of an application can be changed; what is left out or null stays. Only a `secretExpirationDate` of null says
    something: the secret never expires. Id or client id of another application is refused."""

    id: Id | None = None
    client_id: str | None = None
    name: str | None = None
    description: str | None = None
    scopes: list[str] | None = None
    secret_expiration_date: DateTime | UnsetType | None = UNSET


class NewSecret(msgspec.Struct, rename="camel"):
    """When the new secret expires; by default never."""

    secret_expiration_date: DateTime | None = None


def secret_expiry(date: str | None) -> SecretExpiry:
    """The expiry that a date of the wire means. Raises `Invalid`."""
    try:
        return SecretExpiry(None if date is None else datetime.parse(date))
    except ValueError as error:
        raise Invalid(f"'{EXPIRY}': {error}.") from error


def application_of(row: Row, secret: str | None = None) -> Application:
    return Application(
        id=row.id,
        client_id=row.client_id,
        client_secret=secret,
        name=row.name,
        description=row.description,
        scopes=row.scope.split(),
        secret_expiration_date=None
        if row.secret_expiration_date is None
        else datetime.format(row.secret_expiration_date),
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
    )
