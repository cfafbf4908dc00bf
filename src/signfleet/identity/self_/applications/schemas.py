"""The bodies that change applications."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.applications.schemas import EXPIRY, SecretExpiry


class NewApplication(msgspec.Struct, rename="camel"):
    """The body that registers a program; by default it has all scopes of the caller and a secret that never expires."""

    name: str
    description: str | None = None
    scopes: list[str] | None = None
    secret_expiration_date: DateTime | None = None


class ApplicationUpdate(msgspec.Struct, rename="camel"):
    """The body that changes an application; omitted and null properties stay. Only a null `secretExpirationDate` has a
    meaning: the secret never expires. Id or client id of another application is refused."""

    id: Id | None = None
    client_id: str | None = None
    name: str | None = None
    description: str | None = None
    scopes: list[str] | None = None
    secret_expiration_date: DateTime | UnsetType | None = UNSET


class NewSecret(msgspec.Struct, rename="camel"):
    """The body that replaces a secret; by default the new one never expires."""

    secret_expiration_date: DateTime | None = None


def secret_expiry(date: str | None) -> SecretExpiry:
    """Returns the expiry that a date in JSON means. Raises `Invalid`."""
    try:
        return SecretExpiry(None if date is None else datetime.parse(date))
    except ValueError as error:
        raise Invalid(f"'{EXPIRY}': {error}.") from error
