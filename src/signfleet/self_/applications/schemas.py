"""The Application entity."""

from __future__ import annotations

import msgspec

from signfleet.storage.interface import Row
from signfleet.wire import datetime
from signfleet.wire.types import DateTime, Id


class Application(msgspec.Struct, rename="camel", kw_only=True):
    """A program with a client id. `client_secret` is told once, when it is made, and null ever after."""

    id: Id
    client_id: str
    client_secret: str | None
    name: str
    description: str | None
    scopes: list[str]
    creation_date: DateTime
    last_modified_date: DateTime


class NewApplication(msgspec.Struct):
    """A program to be registered, by default with all scopes of its maker."""

    name: str
    description: str | None = None
    scopes: list[str] | None = None


class ApplicationUpdate(msgspec.Struct):
    """What of an application can be changed; what is left out or null stays."""

    name: str | None = None
    description: str | None = None
    scopes: list[str] | None = None


def application_of(row: Row, secret: str | None = None) -> Application:
    return Application(
        id=row.id,
        client_id=row.client_id,
        client_secret=secret,
        name=row.name,
        description=row.description,
        scopes=row.scope.split(),
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
    )
