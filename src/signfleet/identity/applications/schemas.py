"""What services and routes exchange about applications."""

from __future__ import annotations

from typing import Final, NamedTuple

#: The JSON name of a `SecretExpiry`.
EXPIRY: Final = "secretExpirationDate"


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
