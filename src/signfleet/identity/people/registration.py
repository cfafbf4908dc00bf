"""Registration, activation and password reset, before people can sign in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

import structlog

from signfleet.foundation.errors import Forbidden, Throttled
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Duplicate, StorageError, Store, Transaction
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
    unknown_link,
    use_link,
)
from signfleet.identity.people.schemas import Person, Registration, person_of
from signfleet.identity.people.service import NEW_PASSWORD, People, insert_person, person_by_id, record_new
from signfleet.identity.people.store import LinkRow, PersonRow
from signfleet.web.caller.actor import act_under, acting

log = structlog.get_logger("people")

#: How many at once, and the seconds until one more is allowed.
REGISTRATIONS_PER_ADDRESS: Final = (20, 180.0)
RESETS_PER_ADDRESS: Final = (30, 120.0)
RESETS_PER_LOGIN: Final = (3, 1200.0)

#: How many resets can wait to be mailed; more drop the oldest.
WAITING_LIMIT: Final = 10_000


class _ResetRequest(NamedTuple):
    """A request for a link that resets a password, made at `now` in ms."""

    login: str
    return_url: str | None
    now: int
    server: str | None


class Registrations:
    """Lets people prove by mailed links that they read their mailbox, and choose a password."""

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
        self._requests: deque[_ResetRequest] = deque(maxlen=WAITING_LIMIT)
        #: Wakes the job that calls `mail_resets`.
        self.wake = asyncio.Event()

    async def register(self, new: Registration, return_url: str | None, address: str, now: int) -> Person:
        """Registers a person and mails a link that activates the account; no password is stored before that.

        It does not look up whether the mailbox has an account, so neither answer nor time reveals it. Raises `Invalid`,
        `Throttled`, and `Forbidden` if registration is off.
        """
        if not self._is_open:
            raise Forbidden("Registration is switched off on this server (setting self_registration).")
        self._registrations.check(subscriber(address))
        made = passwords.generate() if new.password is None else None
        if new.password is not None:
            passwords.check_policy(new.password)
        prepared = await self._people.prepared(new.login, None, new.first_name, new.last_name, activation_date=None)

        async def work(tx: Transaction) -> PersonRow:
            person_id = await insert_person(tx, prepared, now)
            await record_new(tx, person_id, now)
            person = await person_by_id(tx, person_id)
            await self._links.mail(tx, ACTIVATE, person, now, return_url=return_url)
            return person

        person = await self._store.write(work)
        self._links.send()
        return person_of(person, made)

    def request_reset(
        self, login: str, return_url: str | None, address: str, now: int, *, server: str | None = None
    ) -> None:
        """Queues a mail with a link that resets a password. Raises `Throttled` per address.

        `mail_resets` looks up later whether the login exists, so neither answer nor time reveals it.
        """
        self._resets.check(subscriber(address))
        login = login.strip()
        try:
            self._resets_of_login.check(mailbox_key(login))
        except Throttled:
            log.warning("too many password resets requested for one person")
            return

        if len(login) > LOGIN_LIMIT:  # no login is that long, and the queue is bounded only by its number of entries
            return
        fits = return_url is not None and len(return_url) <= URL_LIMIT
        self._requests.append(_ResetRequest(login, return_url if fits else None, now, server))
        self.wake.set()

    async def mail_resets(self) -> None:
        """Mails the requested links; a login without an account gets the link that activates it."""
        while self._requests:
            request = self._requests.popleft()
            try:
                await self._mail_reset(request)
            except StorageError:  # retried next time; a request with any other error is dropped and blocks no others
                self._requests.appendleft(request)
                raise

    async def _mail_reset(self, request: _ResetRequest) -> None:
        async def work(tx: Transaction) -> None:
            person = await tx.one(queries.PERSON_TO_MAIL, mailbox_key=mailbox_key(request.login))
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
                request.now,
                network=person.network_name,
                return_url=request.return_url,
                server=request.server,
            )

        await self._store.write(work)
        self._links.send()

    async def activate(self, token: str, password: str, now: int) -> str | None:
        """Makes a registration an account with this password; returns the URL to go to next, if it is allowed.

        Raises `NotFound` for a dead link, or if the mailbox has an account already; `Invalid` for a weak password,
        after which the link still works.
        """
        passwords.check_policy(password)
        found = await self._links.find(ACTIVATE, token, now)
        if found is None or found.account_id is not None:
            raise unknown_link()
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> LinkRow:
            link = await use_link(tx, ACTIVATE, token, now)
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
        """Sets the password of a link's person and ends all their sessions; returns the URL to go to next, if allowed.

        Raises `NotFound` for a dead link; `Invalid` for a weak password, after which the link still works.
        """
        passwords.check_policy(password)
        if await self._links.find(RESET, token, now) is None:
            raise unknown_link()
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> LinkRow:
            link = await use_link(tx, RESET, token, now)
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


async def record_proof(tx: Transaction, before: PersonRow, now: int) -> None:
    """Records a password that was typed behind a link in the audit trail; the actor is the person."""
    act_under(before.login)
    after = person_of(await person_by_id(tx, before.person_id), NEW_PASSWORD)
    await record(
        tx, None, AuditEntry("Update", "Person", before.person_id, before.login, person_of(before), after), now
    )
