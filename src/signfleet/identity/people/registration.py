"""Registration, activation and password reset: what people do before they can sign in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

import structlog

from signfleet.foundation.errors import Forbidden, Throttled
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Duplicate, Row, StorageError, Store, Transaction
from signfleet.foundation.wire.address import subscriber
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.identity.access import passwords
from signfleet.identity.access.attempts import LOGIN_LIMIT, Attempts
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.store import DELETE_OTHER_SESSIONS
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.people import store as queries
from signfleet.identity.people.links import (
    ACTIVATE,
    INVITATION,
    NO_SESSION,
    RESET,
    URL_LIMIT,
    OneTimeLinks,
    prove,
    take,
    unknown_link,
)
from signfleet.identity.people.schemas import Person, Registration, person_of
from signfleet.identity.people.service import NEW_PASSWORD, People, insert_person, record_new
from signfleet.web.caller.actor import act_under, acting

log = structlog.get_logger("people")

#: At once, and the seconds after which one more is allowed.
REGISTRATIONS_PER_ADDRESS: Final = (20, 180.0)
RESETS_PER_ADDRESS: Final = (30, 120.0)
RESETS_PER_LOGIN: Final = (3, 1200.0)

#: So many resets may wait to be mailed; beyond that the oldest are given up.
WAITING_LIMIT: Final = 10_000


class _Wanted(NamedTuple):
    """A reset that somebody has asked for, at `now` in ms."""

    login: str
    return_url: str | None
    now: int
    server: str | None


class Registrations:
    """Lets people prove their mailbox and choose a password by mailed links."""

    def __init__(
        self,
        store: Store,
        people: People,
        passwords: Passwords,
        links: OneTimeLinks,
        *,
        attempts: Attempts,
        settings: Settings,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._people = people
        self._passwords = passwords
        self._links = links
        self._is_open = settings.self_registration
        self._registrations = RateLimit(*REGISTRATIONS_PER_ADDRESS, "Too many attempts to register from this address")
        self._resets = RateLimit(*RESETS_PER_ADDRESS, "Too many attempts to reset passwords from this address")
        self._resets_of_login = RateLimit(*RESETS_PER_LOGIN, "Too many attempts to reset this password")
        self._wanted: deque[_Wanted] = deque(maxlen=WAITING_LIMIT)
        #: Wakes the job that calls `mail_resets`.
        self.wake = asyncio.Event()

    async def register(self, new: Registration, return_url: str | None, address: str, now: int) -> Person:
        """Registers a person and mails a link to activate the account; no password is stored before that.

        Nobody looks whether the mailbox has an account, so neither answer nor time reveals it. Raises `Invalid`,
        `Forbidden` where only the operator makes people, `Throttled`.
        """
        if not self._is_open:
            raise Forbidden("Registration is switched off on this server (setting self_registration).")
        self._registrations.check(subscriber(address))
        made = passwords.generate() if new.password is None else None
        if new.password is not None:
            passwords.check_policy(new.password)
        prepared = await self._people.prepared(new.login, None, new.first_name, new.last_name, activation_date=None)

        async def work(tx: Transaction) -> Row:
            person_id = await insert_person(tx, prepared, now)
            await record_new(tx, person_id, now)
            person = await tx.one(queries.PERSON_BY_ID, id=person_id)
            await self._links.mail(tx, ACTIVATE, person, now, return_url=return_url)
            return person

        person = await self._store.write(work)
        self._links.send()
        return person_of(person, made)

    def request_reset(
        self, login: str, return_url: str | None, address: str, now: int, *, server: str | None = None
    ) -> None:
        """Has a link mailed to choose a new password, if there is such a person. Raises `Throttled` per address.

        `mail_resets` looks that up later, so neither answer nor time reveals it.
        """
        self._resets.check(subscriber(address))
        login = login.strip()
        try:
            self._resets_of_login.check(mailbox_key(login))
        except Throttled:
            log.warning("too many password resets asked for one person")
            return

        if len(login) > LOGIN_LIMIT:  # nobody's, and the queue is bounded by its number of entries
            return
        fits = return_url is not None and len(return_url) <= URL_LIMIT
        self._wanted.append(_Wanted(login, return_url if fits else None, now, server))
        self.wake.set()

    async def mail_resets(self) -> None:
        """Mails the links that were asked for; where there is no account yet, the link that makes it one."""
        while self._wanted:
            wanted = self._wanted.popleft()
            try:
                await self._mail_reset(wanted)
            except StorageError:  # the next time will do; whatever else is wrong with one must not hold up the others
                self._wanted.appendleft(wanted)
                raise

    async def _mail_reset(self, wanted: _Wanted) -> None:
        async def work(tx: Transaction) -> None:
            person = await tx.one(queries.PERSON_TO_MAIL, mailbox_key=mailbox_key(wanted.login))
            if person is None or person.is_locked_out:
                return
            if person.activation_date is not None:
                purpose = RESET
            else:
                purpose = ACTIVATE if person.network_name is None else INVITATION
            await self._links.mail(
                tx,
                purpose,
                person,
                wanted.now,
                network=person.network_name,
                return_url=wanted.return_url,
                server=wanted.server,
            )

        await self._store.write(work)
        self._links.send()

    async def activate(self, token: str, password: str, now: int) -> str | None:
        """Makes a registration an account with the password typed now; gives where to go next, if that is allowed.

        Raises `NotFound` for a dead link, or if the mailbox has an account already; `Invalid` for a weak password,
        which leaves the link good.
        """
        passwords.check_policy(password)
        found = await self._links.find(ACTIVATE, token, now)
        if found is None or found.account_id is not None:
            raise unknown_link()
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> Row:
            link = await take(tx, ACTIVATE, token, now)
            await prove(tx, link, hashed, now)
            await record_proof(tx, link, now)
            return link

        try:
            link = await self._store.write(work)
        except Duplicate:
            raise unknown_link() from None
        self._attempts.trust(link.login, acting().address or "")
        return self._links.allowed(link.return_url)

    async def reset(self, token: str, password: str, now: int) -> str | None:
        """Sets the password of a link's person and ends all their sessions; gives where to go next, if allowed.

        Raises `NotFound` for a dead link, `Invalid` for a weak password, which leaves the link good.
        """
        passwords.check_policy(password)
        if await self._links.find(RESET, token, now) is None:
            raise unknown_link()
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> Row:
            link = await take(tx, RESET, token, now)
            if link.proof_date is None:
                await prove(tx, link, hashed, now)
            else:
                modified = next_moment(link.person_last_modified_date, now)
                await tx.execute(queries.SET_PASSWORD, id_=link.person_id, new_password_hash=hashed, now=modified)
                await tx.execute(DELETE_OTHER_SESSIONS, of_person_id=link.person_id, own_id=NO_SESSION)
            await record_proof(tx, link, now)
            return link

        link = await self._store.write(work)
        self._attempts.trust(link.login, acting().address or "")
        return self._links.allowed(link.return_url)


async def record_proof(tx: Transaction, before: Row, now: int) -> None:
    """Puts a password that came with a proof into the audit trail, under the login that was proved."""
    act_under(before.login)
    after = person_of(await tx.one(queries.PERSON_BY_ID, id=before.person_id), NEW_PASSWORD)
    await record(
        tx, None, AuditEntry("Update", "Person", before.person_id, before.login, person_of(before), after), now
    )
