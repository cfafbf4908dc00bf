"""Creates, finds, changes and locks people."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold, forbidden_character
from signfleet.identity.access import passwords
from signfleet.identity.access.attempts import LOGIN_LIMIT
from signfleet.identity.access.last_administrator import require_another_administrator
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.store import DELETE_OTHER_SESSIONS
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action
from signfleet.identity.people import store as queries
from signfleet.identity.people.links import NO_SESSION, RESET
from signfleet.identity.people.schemas import Person, PersonChange, person_of
from signfleet.identity.people.store import AccountRow
from signfleet.identity.people.token_lifetimes import LIFETIMES
from signfleet.web.contract.conditional import NONE, Precondition

#: Stands for a new password in audit entries, which mask it.
NEW_PASSWORD = "new"  # noqa: S105 - no password

NAME_LIMIT = 128

#: Not full RFC 5322: rejects what cannot be an address, and MIME encoded words (`=?utf-8?q?…?=`), which mail programs
#: read as another address. Only a mail shows whether the address exists.
_LABEL = r"[^\s@/\\\"<>(),:;\[\].=?]+"
_LOGIN = re.compile(rf"(?!.*=\?)[^\s@/\\\"<>(),:;\[\]]+@{_LABEL}(\.{_LABEL})*")


class NewPerson(NamedTuple):
    """The values of a new person, checked by `People.prepared`."""

    login: str
    password_hash: str | None
    first_name: str | None
    last_name: str | None
    #: ms; None for a registration or an invitation, with which nobody can sign in.
    activation_date: int | None


def check_login(login: str) -> str:
    """Returns the login, trimmed. Raises `Invalid` unless it is an e-mail address."""
    login = login.strip()
    if len(login) > LOGIN_LIMIT or not _LOGIN.fullmatch(login) or not login.isprintable():
        raise Invalid(f"'login' has to be an e-mail address of at most {LOGIN_LIMIT} characters.")
    return login


def check_name(field: str, name: str | None) -> str | None:
    """Returns a first or last name. Raises `Invalid` if it is too long or has a NUL."""
    if name is None:
        return None
    if len(name) > NAME_LIMIT or forbidden_character(name) is not None:
        raise Invalid(f"'{field}' may have at most {NAME_LIMIT} characters, none of them NUL.")
    return name


async def insert_person(tx: Transaction, new: NewPerson, now: int) -> int:
    """Inserts a person and the token lifetimes of their profile; returns the id. Raises `Duplicate`."""
    person_id = await tx.next_id("person")
    await tx.execute(
        queries.INSERT_PERSON,
        id=person_id,
        login=new.login,
        login_key=fold(new.login),
        mailbox_key=mailbox_key(new.login),
        password_hash=new.password_hash,
        first_name=new.first_name,
        last_name=new.last_name,
        creation_date=now,
        last_modified_date=now,
        activation_date=new.activation_date,
        proof_date=new.activation_date,
        is_locked_out=False,
    )
    await tx.execute_many(
        queries.INSERT_PROFILE_VALUE,
        [
            {
                "person_id": person_id,
                "name_key": fold(name),
                "name": name,
                "value": timespan.format(default),
                "last_modified_date": now,
            }
            for name, default in LIFETIMES.items()
        ],
    )
    return person_id


async def person_by_id(tx: Transaction, person_id: int) -> AccountRow:
    """Returns the row of a person. Raises `NotFound`."""
    return _existing(await tx.one(queries.PERSON_BY_ID, id=person_id), person_id)


async def lock_person(tx: Transaction, person_id: int) -> AccountRow:
    """Locks a person until the transaction ends; others can still sign in as the person. Raises `NotFound`."""
    return _existing(await tx.one(queries.LOCK_PERSON, id=person_id), person_id)


def _existing(row: AccountRow | None, person_id: int) -> AccountRow:
    if row is None:
        raise NotFound(f"There is no person {person_id}.")
    return row


async def record_new(tx: Transaction, person_id: int, now: int) -> None:
    """Records in the audit trail that a person was created."""
    person = person_of(await person_by_id(tx, person_id))
    await record(tx, None, AuditEntry("Create", "Person", person_id, person.login, None, person), now)


class People:
    """People by id and login."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords

    async def row(self, person_id: int) -> AccountRow:
        """Returns the row of a person. Raises `NotFound`."""
        return _existing(await self._store.one(queries.PERSON_BY_ID, id=person_id), person_id)

    async def find(self, login: str) -> AccountRow | None:
        """Returns the account of a login; registrations and invitations are no accounts."""
        return await self._store.one(queries.PERSON_OF_MAILBOX, mailbox_key=mailbox_key(login.strip()))

    async def list_(self) -> list[Person]:
        """Returns all people, by login."""
        return [person_of(row) for row in await self.rows()]

    async def rows(self) -> list[AccountRow]:
        """Returns the rows of all people, by login."""
        return await self._store.scan_all(queries.ALL_PEOPLE)

    async def create(
        self,
        *,
        login: str,
        password: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        now: int,
    ) -> Person:
        """Creates a person who can sign in at once. Without `password` one is generated and returned.

        Raises `Invalid` for a taken or malformed login, or a weak password.
        """
        generated = passwords.generate() if password is None else None
        new = await self.prepared(login, generated or password, first_name, last_name, activation_date=now)

        async def work(tx: Transaction) -> int:
            person_id = await insert_person(tx, new, now)
            await record_new(tx, person_id, now)
            return person_id

        try:
            person_id = await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'login': a person '{new.login}' exists already.") from None
        return person_of(await self.row(person_id), generated)

    async def update(
        self, person_id: int, change: PersonChange, precondition: Precondition, now: int, session_id: int
    ) -> None:
        """Changes names or password. A new password ends the links that reset it, and all sessions but `session_id`.

        Raises `Stale`, and `Invalid` for a weak password or a name that is too long.
        """
        names = {"firstName": change.first_name, "lastName": change.last_name}
        for field, name in names.items():
            if not isinstance(name, msgspec.UnsetType):
                check_name(field, name)
        hashed = None
        if change.password is not None:
            passwords.check_policy(change.password)
            hashed = await self._passwords.hash(change.password)

        async def work(tx: Transaction) -> None:
            row = await lock_person(tx, person_id)
            precondition.check(row.person_last_modified_date, row.person_last_modified_date)
            await tx.execute(
                queries.UPDATE_PERSON,
                id_=person_id,
                new_first_name=row.first_name if change.first_name is msgspec.UNSET else change.first_name,
                new_last_name=row.last_name if change.last_name is msgspec.UNSET else change.last_name,
                new_password_hash=hashed or row.password_hash,
                now=next_moment(row.person_last_modified_date, now),
            )
            if hashed is not None:
                await tx.execute(DELETE_OTHER_SESSIONS, of_person_id=person_id, own_id=session_id)
                await tx.execute(queries.DELETE_LINKS, person_id=person_id, purpose=RESET)
            after = person_of(await person_by_id(tx, person_id), None if hashed is None else NEW_PASSWORD)
            await record(tx, None, AuditEntry("Update", "Person", person_id, row.login, person_of(row), after), now)

        await self._store.write(work)

    async def set_password(self, login: str, password: str | None, now: int) -> str | None:
        """Sets a password, or generates and returns one, and ends all sessions of the person.

        Raises `NotFound`, `Invalid`.
        """
        person = await self.find(login)
        if person is None:
            raise NotFound(f"There is no person '{login}'.")
        generated = passwords.generate() if password is None else None
        change = PersonChange(password=generated or password)
        await self.update(person.person_id, change, NONE, now, session_id=NO_SESSION)
        return generated

    async def set_locked(self, login: str, locked: bool, now: int, *, even_last: bool = False) -> None:
        """Locks a person out of all networks from the next request on, or unlocks them.

        Raises `NotFound`, and `Invalid` if a network would have no administrator left, unless `even_last`.
        """
        person = await self.find(login)
        if person is None:
            raise NotFound(f"There is no person '{login}'.")
        modified = next_moment(person.person_last_modified_date, now)

        async def work(tx: Transaction) -> None:
            if locked and not even_last:
                for user in await tx.all(queries.MEMBERSHIPS, person_id=person.person_id):
                    await require_another_administrator(
                        tx, user.network_id, user.id, f"the network '{user.network_name}'"
                    )
            await tx.execute(queries.SET_LOCKED, id_=person.person_id, locked=locked, now=modified)
            action: Action = "Lock" if locked else "Unlock"
            await record(tx, None, AuditEntry(action, "Person", person.person_id, person.login), now)

        await self._store.write(work)

    async def prepared(
        self,
        login: str,
        password: str | None,
        first_name: str | None,
        last_name: str | None,
        activation_date: int | None,
    ) -> NewPerson:
        """Checks all values and hashes the password, ready for `insert_person`. Raises `Invalid`."""
        login = check_login(login)
        first_name, last_name = check_name("firstName", first_name), check_name("lastName", last_name)
        hashed = None
        if password is not None:
            passwords.check_policy(password)
            hashed = await self._passwords.hash(password)
        return NewPerson(login, hashed, first_name, last_name, activation_date)
