"""Registers, changes and deletes applications: programs that act for a person with a client id and a secret."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Final
from uuid import uuid4

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import EVERYTHING
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import application_store as queries
from signfleet.identity.access.application_store import ApplicationRow, ApplicationWithLogin
from signfleet.identity.access.tokens import hash_token
from signfleet.identity.applications.catalogue import APPLICATIONS
from signfleet.identity.applications.schemas import EXPIRY, NEVER, ApplicationChange, Credentials, SecretExpiry
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.people.service import lock_person
from signfleet.web.caller.scopes import SCOPES_LIMIT, USER_SCOPE, covers, is_scope
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import NONE, Precondition
from signfleet.web.contract.paging import ListQuery

#: Stands for a new secret in audit entries, which mask it.
NEW_SECRET: Final = "new"  # noqa: S105 - no secret

NAME_LIMIT: Final = 128
DESCRIPTION_LIMIT: Final = 1024
#: How many applications that match a filter are read at a time.
PAGE: Final = 100


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
    secret_expiry: SecretExpiry = NEVER,
) -> Credentials:
    """Registers an application; generates client id and secret unless they are given. Raises `Duplicate`."""
    made = Credentials(
        await tx.next_id("application"), client_id or str(uuid4()), client_secret or secrets.token_urlsafe(32)
    )
    await tx.execute(
        queries.INSERT_APPLICATION,
        id=made.id,
        client_id=made.client_id,
        name=name,
        name_key=fold(name),
        name_order=order_key(name),
        description=description,
        person_id=person_id,
        secret_hash=hash_token(made.client_secret),
        scope=scope,
        creation_date=now,
        last_modified_date=now,
        secret_expiration_date=secret_expiry.date,
    )
    after = {**_audited(name, description, scope, secret_expiry.date), "personId": person_id}
    await record(tx, None, AuditEntry("Create", "Application", made.id, name, None, after), now)
    return made


class Applications:
    """The applications of an installation and of one person, who may have `most` of them."""

    def __init__(self, store: Store, most: int) -> None:
        self._most = most
        self._store = store
        self._all = Collection(store, APPLICATIONS)

    async def list_(self) -> list[ApplicationWithLogin]:
        """Returns all applications by name, each with the login of its person."""
        return await self._store.scan_all(queries.ALL_APPLICATIONS)

    async def of_person(self, person_id: int) -> list[ApplicationRow]:
        """Returns the applications of a person, oldest first."""
        return await self._store.all(queries.APPLICATIONS_OF_PERSON, person_id=person_id)

    async def matching(self, person_id: int, filter_: str | None, sort: str | None = None) -> list[ApplicationRow]:
        """Returns those of a person's applications that match, oldest first without a sort. Raises `Invalid`."""
        ids, query = list[int](), ListQuery(filter_, sort, None, PAGE)
        while True:
            page = await self._all.rows(person_id, query)
            ids += page.ids
            if page.next_marker is None:
                break
            query = query._replace(marker=page.next_marker)
        known = {row.id: row for row in await self.of_person(person_id)}
        return [known[id_] for id_ in ids if id_ in known]

    async def count(self, person_id: int, filter_: str | None) -> int:
        """Counts those of a person's applications that match. Raises `Invalid`."""
        return await self._all.count(person_id, filter_, EVERYTHING)

    async def own(self, person_id: int, application_id: int | None) -> ApplicationRow:
        """Returns an application of a person. Raises `NotFound`."""
        row = await self._store.one(queries.APPLICATION_BY_ID, id=application_id or 0)
        if row is None or row.person_id != person_id:
            raise _unknown()
        return row

    async def create(
        self,
        name: str,
        person_id: int,
        now: int,
        scope: str = USER_SCOPE,
        description: str | None = None,
        *,
        secret_expiry: SecretExpiry = NEVER,
    ) -> Credentials:
        """Registers an application that acts for a person. Raises `Invalid` and `QuotaReached`."""
        name, description, scope = _checked(name, description, scope)
        _check_expiry(secret_expiry, now)

        async def work(tx: Transaction) -> Credentials:
            await lock_person(tx, person_id)  # so that nobody adds another application at the same time
            present = len(await tx.all(queries.APPLICATIONS_OF_PERSON, person_id=person_id))
            check_quota(present, self._most, "applications of this person", "applications_per_person")
            return await insert_application(
                tx,
                name=name,
                person_id=person_id,
                now=now,
                scope=scope,
                description=description,
                secret_expiry=secret_expiry,
            )

        return await self._store.write(work)

    async def update(
        self,
        person_id: int,
        application_id: int | None,
        change: ApplicationChange,
        precondition: Precondition,
        now: int,
    ) -> None:
        """Changes an application. New scopes count from the next token on.

        Tokens end with the secret: an earlier expiry shortens those that exist. Raises `NotFound`, `Stale`, `Invalid`.
        """

        async def work(tx: Transaction) -> None:
            row = await _locked(tx, person_id, application_id, precondition)
            name, description, scope = _checked(
                row.name if change.name is None else change.name,
                row.description if change.description is None else change.description,
                row.scope if change.scope is None else change.scope,
            )
            expiry = row.secret_expiration_date
            if change.secret_expiry is not None and change.secret_expiry.date != expiry:
                _check_expiry(change.secret_expiry, now)
                expiry = change.secret_expiry.date
                if expiry is not None:
                    await tx.execute(queries.SHORTEN_TOKENS_OF_APPLICATION, of_application_id=row.id, until=expiry)
            await tx.execute(
                queries.UPDATE_APPLICATION,
                id_=row.id,
                new_name=name,
                new_name_key=fold(name),
                new_name_order=order_key(name),
                new_description=description,
                new_scope=scope,
                new_secret_expiration_date=expiry,
                now=next_moment(row.last_modified_date, now),
            )
            after = _audited(name, description, scope, expiry)
            await record(tx, None, AuditEntry("Update", "Application", row.id, name, _audited_row(row), after), now)

        await self._store.write(work)

    async def rotate_secret(
        self, person_id: int, application_id: int | None, now: int, expiry: SecretExpiry = NEVER
    ) -> str:
        """Replaces the secret of an application and returns it, once; the old one and all tokens end."""
        _check_expiry(expiry, now)
        secret = secrets.token_urlsafe(32)

        async def work(tx: Transaction) -> None:
            row = await _locked(tx, person_id, application_id, NONE)
            await tx.execute(
                queries.SET_SECRET,
                id_=row.id,
                new_secret_hash=hash_token(secret),
                new_secret_expiration_date=expiry.date,
                now=next_moment(row.last_modified_date, now),
            )
            await tx.execute(queries.DELETE_SESSIONS_OF_APPLICATION, of_application_id=row.id)
            before = {"secret": None, EXPIRY: _date(row.secret_expiration_date)}
            after = {"secret": NEW_SECRET, EXPIRY: _date(expiry.date)}
            change = AuditEntry("Update", "Application", row.id, row.name, before, after)
            await record(tx, None, change, now)

        await self._store.write(work)
        return secret

    async def delete(self, person_id: int, application_id: int | None, precondition: Precondition, now: int) -> None:
        """Deletes an application; its tokens end. Raises `NotFound`, `Stale`."""

        async def work(tx: Transaction) -> None:
            row = await _locked(tx, person_id, application_id, precondition)
            await tx.execute(queries.DELETE_APPLICATION, id=row.id)
            await record(tx, None, AuditEntry("Delete", "Application", row.id, row.name, _audited_row(row)), now)

        await self._store.write(work)

    async def delete_matching(self, person_id: int, filter_: str | None, now: int) -> int:
        """Deletes those of a person's applications that match; returns how many. Their tokens end.

        Raises `Invalid` without a filter, so that leaving it out cannot delete all applications.
        """
        if filter_ is None or not filter_.strip():
            raise Invalid("Query parameter 'filter' is required: it says which applications to delete.")
        deleted = 0
        for row in await self.matching(person_id, filter_):
            with suppress(NotFound):  # another caller may be faster
                await self.delete(person_id, row.id, NONE, now)
                deleted += 1
        return deleted


async def _locked(
    tx: Transaction, person_id: int, application_id: int | None, precondition: Precondition
) -> ApplicationRow:
    """Locks an application of a person until the transaction ends. Raises `NotFound`, `Stale`."""
    row = await tx.one(queries.LOCK_APPLICATION, id=application_id or 0)
    if row is None or row.person_id != person_id:
        raise _unknown()
    precondition.check(row.last_modified_date, row.last_modified_date)
    return row


def check_name(name: str) -> str:
    """Returns the name of an application, trimmed. Raises `Invalid`."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise Invalid(f"'name': an application's name has 1 to {NAME_LIMIT} printable characters.")
    return name


def _checked(name: str, description: str | None, scope: str) -> tuple[str, str | None, str]:
    name = check_name(name)
    if description is not None and len(description) > DESCRIPTION_LIMIT:
        raise Invalid(f"'description' has at most {DESCRIPTION_LIMIT} characters.")
    scopes = list(dict.fromkeys(scope.split()))
    if len(scopes) > SCOPES_LIMIT:
        raise Invalid(f"'scopes': an application may have at most {SCOPES_LIMIT} scopes.")
    for each in scopes:
        if not is_scope(each) or not covers(USER_SCOPE, each):
            raise Invalid(f"'scopes': there is no scope '{each}'; there are {USER_SCOPE} and what is below them.")
    if not scopes:
        raise Invalid("'scopes': an application needs at least one scope.")
    return name, description, " ".join(scopes)


def _check_expiry(expiry: SecretExpiry, now: int) -> None:
    if expiry.date is not None and expiry.date <= now:
        raise Invalid(f"'{EXPIRY}': the date is not in the future; null means that the secret never expires.")


def _audited(name: str, description: str | None, scope: str, expiry: int | None) -> dict[str, str | None]:
    return {"name": name, "description": description, "scope": scope, EXPIRY: _date(expiry)}


def _audited_row(row: ApplicationRow) -> dict[str, str | None]:
    return _audited(row.name, row.description, row.scope, row.secret_expiration_date)


def _date(expiry: int | None) -> str | None:
    return None if expiry is None else datetime.format(expiry)


def _unknown() -> NotFound:
    return NotFound("You have no such application.")
