"""Applications: programs that act for the person who registered them, by a client id and a secret."""

from __future__ import annotations

import secrets
from typing import NamedTuple
from uuid import uuid4

from signfleet.access import store as queries
from signfleet.access.tokens import USER_SCOPE, hash_token
from signfleet.storage.interface import Transaction


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
