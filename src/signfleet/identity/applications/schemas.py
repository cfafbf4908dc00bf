"""The Application entity, and what services and routes exchange about applications."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.access.application_store import ApplicationRow

#: The JSON name of a `SecretExpiry`.
EXPIRY: Final = "secretExpirationDate"


class Application(msgspec.Struct, rename="camel", kw_only=True):
    """A program with a client id. Only the answer that creates or replaces the secret has `clientSecret`; others have
    null. `secretExpirationDate` is null for a secret that never expires."""

    id: Id
    client_id: str
    client_secret: str | None
    name: str
    description: str | None
    scopes: list[str]
    secret_expiration_date: DateTime | None
    creation_date: DateTime
    last_modified_date: DateTime


class SecretExpiry(NamedTuple):
    """When a client secret expires, in ms; None for one that never expires."""

    date: int | None

    def is_later_than(self, other: int | None) -> bool:
        """Returns whether a secret that expires at `other` would live longer with this expiry."""
        return other is not None and (self.date is None or self.date > other)


#: The default of new secrets.
NEVER: Final = SecretExpiry(None)


class ApplicationChange(NamedTuple):
    """New values of an application; None for one that stays. `scope` is space-separated."""

    name: str | None = None
    description: str | None = None
    scope: str | None = None
    secret_expiry: SecretExpiry | None = None


class Credentials(NamedTuple):
    """The credentials of an application. The secret is returned once; only its hash is stored."""

    id: int
    client_id: str
    client_secret: str


def application_of(row: ApplicationRow, secret: str | None = None) -> Application:
    """Returns the entity of a row."""
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
