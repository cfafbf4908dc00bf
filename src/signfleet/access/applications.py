"""Applications: programs that act for the person who registered them, by a client id and a secret."""

from __future__ import annotations

import secrets
from typing import NamedTuple
from uuid import uuid4

from signfleet.access import store as queries
from signfleet.access.tokens import USER_SCOPE, hash_token
from signfleet.errors import Invalid
from signfleet.storage.interface import Row, Store, Transaction


class Credentials(NamedTuple):
    """What an application signs in with. The secret is told once and not kept."""

    id: int
    client_id: str
    client_secret: str


async def insert_application(
    tx: Transaction,
    *,
    name: str,
    person_id: int,
    now: int,
    scope: str = USER_SCOPE,
    description: str | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
) -> Credentials:
    """Register an application inside a unit of work; id and secret are made unless given. Raises `Duplicate`."""
    made = Credentials(
        await tx.next_id("application"), client_id or str(uuid4()), client_secret or secrets.token_urlsafe(32)
    )
    await tx.execute(
        queries.INSERT_APPLICATION,
        id=made.id,
        client_id=made.client_id,
        name=name,
        description=description,
        person_id=person_id,
        secret_hash=hash_token(made.client_secret),
        scope=scope,
        creation_date=now,
        last_modified_date=now,
        secret_expiration_date=None,
    )
    return made


class Applications:
    """The applications of an installation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list_(self) -> list[Row]:
        """All of them by name, each with the `login` of the person it acts for."""
        return await self._store.scan_all(queries.ALL_APPLICATIONS)

    async def create(self, name: str, person_id: int, now: int, scope: str = USER_SCOPE) -> Credentials:
        """Register an application that acts for a person. Raises `Invalid` for a name that is none."""
        name = name.strip()
        if not name or not name.isprintable():
            raise Invalid("'name': an application needs a name.")

        async def work(tx: Transaction) -> Credentials:
            return await insert_application(tx, name=name, person_id=person_id, now=now, scope=scope)

        return await self._store.write(work)
