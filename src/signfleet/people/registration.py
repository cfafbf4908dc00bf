"""Registration, activation and password reset: what people do before they can sign in."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import structlog

from signfleet.access import passwords
from signfleet.access.attempts import LOGIN_LIMIT, Attempts
from signfleet.access.passwords import Passwords
from signfleet.access.store import DELETE_OTHER_SESSIONS
from signfleet.access.throttle import Throttle
from signfleet.access.tokens import hash_token, new_token
from signfleet.actor import act_under, acting
from signfleet.audit.recording import Change, record
from signfleet.errors import Forbidden, Invalid, NotFound, Throttled
from signfleet.mail.composing import Composer
from signfleet.mail.outbox import Outbox
from signfleet.people import store as queries
from signfleet.people.schemas import Person, Registration, person_of
from signfleet.people.service import ACTIVATE, NEW_PASSWORD, NO_SESSION, RESET, People, insert_person, record_new
from signfleet.settings import Settings
from signfleet.storage.interface import Duplicate, Row, StorageError, Store, Transaction
from signfleet.wire import timespan
from signfleet.wire.address import subscriber
from signfleet.wire.datetime import next_moment
from signfleet.wire.text import fold

log = structlog.get_logger("people")

ACTIVATION_LIFETIME: Final = 7 * timespan.DAY
RESET_LIFETIME: Final = 15 * timespan.MINUTE

#: At once, and the seconds after which one more is allowed.
REGISTRATIONS_PER_ADDRESS: Final = (20, 180.0)
RESETS_PER_ADDRESS: Final = (30, 120.0)
RESETS_PER_LOGIN: Final = (3, 1200.0)

URL_LIMIT: Final = 2048
#: What names do not hold, and messages and links do.
_NO_NAME: Final = re.compile(r"[/:@]|\.\w")
#: So many resets may wait to be mailed; beyond that the oldest are given up.
WAITING_LIMIT: Final = 10_000


class _Wanted(NamedTuple):
    """A reset that somebody has asked for, at `now` in ms."""

    login: str
    return_url: str | None
    now: int


class Registrations:
    """Makes people who prove their address by mail, and lets them choose a new password the same way."""

    def __init__(
        self,
        store: Store,
        people: People,
        passwords: Passwords,
        outbox: Outbox,
        *,
        attempts: Attempts,
        settings: Settings,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._people = people
        self._passwords = passwords
        self._outbox = outbox
        self._composer = Composer(settings)
        self._settings = settings
        allowed = (*settings.return_origins.split(","), settings.own_url)
        self._origins = {origin for part in allowed if (origin := _origin(part.strip())) is not None}
        self._registrations = Throttle(*REGISTRATIONS_PER_ADDRESS, "to register from this address")
        self._resets = Throttle(*RESETS_PER_ADDRESS, "to reset passwords from this address")
        self._resets_of_login = Throttle(*RESETS_PER_LOGIN, "to reset this password")
        self._wanted: deque[_Wanted] = deque(maxlen=WAITING_LIMIT)
        #: Tells the one who calls `mail_resets` that there is something to do.
        self.wake = asyncio.Event()

    async def register(self, new: Registration, return_url: str | None, address: str, now: int) -> Person:
        """Make a person and mail them a link to activate the account. A password that is made here is told.

        Raises `Invalid`, `Forbidden` where only the operator makes people, `Throttled`.
        """
        if not self._settings.self_registration:
            raise Forbidden("Registration is switched off on this server (setting self_registration).")
        self._registrations.take(subscriber(address))
        made = passwords.generate() if new.password is None else None
        password = made if new.password is None else new.password
        prepared = await self._people.prepared(new.login, password, new.first_name, new.last_name, activation_date=None)

        async def work(tx: Transaction) -> int:
            person_id = await insert_person(tx, prepared, now)
            await record_new(tx, person_id, now)
            person = await tx.one(queries.PERSON_BY_ID, id=person_id)
            await self._mail_link(tx, ACTIVATE, person, return_url, now)
            return person_id

        try:
            person_id = await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'login': a person '{prepared.login}' exists already.") from None
        self._outbox.wake.set()
        return person_of(await self._people.row(person_id), made)

    def request_reset(self, login: str, return_url: str | None, address: str, now: int) -> None:
        """Have a link mailed to choose a new password, if there is such a person. Raises `Throttled` per address.

        Nothing tells whether there is, not even the time it takes: `mail_resets` looks that up later.
        """
        self._resets.take(subscriber(address))
        login = login.strip()
        try:
            self._resets_of_login.take(fold(login))
        except Throttled:
            log.warning("too many password resets asked for one person")
            return

        if len(login) > LOGIN_LIMIT:  # nobody's, and the queue is bounded by its number of entries
            return
        fits = return_url is not None and len(return_url) <= URL_LIMIT
        self._wanted.append(_Wanted(login, return_url if fits else None, now))
        self.wake.set()

    async def mail_resets(self) -> None:
        """Mail the links that were asked for. Who has not been activated is mailed the link for that again."""
        while self._wanted:
            wanted = self._wanted.popleft()
            try:
                await self._mail_reset(wanted)
            except StorageError:  # the next time will do; whatever else is wrong with one must not hold up the others
                self._wanted.appendleft(wanted)
                raise

    async def _mail_reset(self, wanted: _Wanted) -> None:
        async def work(tx: Transaction) -> None:
            person = await tx.one(queries.PERSON_BY_LOGIN, login_key=fold(wanted.login))
            if person is not None and not person.is_locked_out:
                purpose = RESET if person.activation_date is not None else ACTIVATE
                await self._mail_link(tx, purpose, person, wanted.return_url, wanted.now)

        await self._store.write(work)
        self._outbox.wake.set()

    async def find(self, purpose: str, token: str, now: int) -> Row | None:
        """The person of a link that is good, with its `return_url`; None for any other."""
        return await self._store.one(queries.LINK, hash=hash_token(token), purpose=purpose, now=now)

    async def activate(self, token: str, now: int) -> str | None:
        """Activate the person of a link; gives where to go next, if that is allowed. Raises `NotFound`."""

        async def work(tx: Transaction) -> Row:
            link = await _take(tx, ACTIVATE, token, now)
            modified = next_moment(link.person_last_modified_date, now)
            await tx.execute(queries.ACTIVATE_PERSON, id_=link.person_id, now=now, modified=modified)
            await self._record(tx, link, None, now)
            return link

        return self._allowed((await self._store.write(work)).return_url)

    async def reset(self, token: str, password: str, now: int) -> str | None:
        """Set the password of a link's person and end all their sessions; gives where to go next, if allowed.

        Raises `NotFound` for a link that is not good, `Invalid` for a weak password, which leaves the link good.
        """
        passwords.check_policy(password)
        if await self.find(RESET, token, now) is None:
            raise _unknown_link()
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> Row:
            link = await _take(tx, RESET, token, now)
            modified = next_moment(link.person_last_modified_date, now)
            await tx.execute(queries.SET_PASSWORD, id_=link.person_id, new_password_hash=hashed, now=modified)
            await tx.execute(DELETE_OTHER_SESSIONS, of_person_id=link.person_id, kept_id=NO_SESSION)
            await self._record(tx, link, NEW_PASSWORD, now)
            return link

        link = await self._store.write(work)
        self._attempts.trust(link.login, acting().address or "")
        return self._allowed(link.return_url)

    async def _record(self, tx: Transaction, before: Row, password: str | None, now: int) -> None:
        act_under(before.login)  # who has the link has their mail
        after = person_of(await tx.one(queries.PERSON_BY_ID, id=before.person_id), password)
        change = Change("Update", "Person", before.person_id, before.login, person_of(before), after)
        await record(tx, None, change, now)

    async def _mail_link(self, tx: Transaction, purpose: str, person: Row, return_url: str | None, now: int) -> None:
        token = new_token()
        lifetime = ACTIVATION_LIFETIME if purpose == ACTIVATE else RESET_LIFETIME
        await tx.execute(queries.DELETE_LINKS, person_id=person.person_id, purpose=purpose)
        await tx.execute(
            queries.INSERT_LINK,
            hash=hash_token(token),
            purpose=purpose,
            person_id=person.person_id,
            valid_to=now + lifetime,
            return_url=return_url if return_url and len(return_url) <= URL_LIMIT else None,
        )
        mail = self._composer.compose(
            "activation" if purpose == ACTIVATE else "reset",
            person.login,
            login=person.login,
            first_name=_greeted(person.first_name),
            server=self._settings.own_url,
            link=f"{self._settings.own_url}/account/{purpose}?token={quote(token)}",
            days=lifetime // timespan.DAY,
            minutes=lifetime // timespan.MINUTE,
        )
        await self._outbox.put(tx, mail, now)

    def _allowed(self, return_url: str | None) -> str | None:
        """The address, if its origin is one to which people may be sent."""
        return return_url if return_url is not None and _origin(return_url) in self._origins else None


async def _take(tx: Transaction, purpose: str, token: str, now: int) -> Row:
    """Use a link up. Raises `NotFound`."""
    link = await tx.one(queries.LINK_TO_TAKE, hash=hash_token(token), purpose=purpose, now=now)
    if link is None:
        raise _unknown_link()
    await tx.execute(queries.DELETE_LINKS, person_id=link.person_id, purpose=purpose)
    return link


def _greeted(first_name: str | None) -> str | None:
    """The name to begin a mail with, unless it is a message or a link: whoever registers may name anybody's address."""
    return first_name if first_name and not _NO_NAME.search(first_name) and first_name.isprintable() else None


def _unknown_link() -> NotFound:
    return NotFound("This link has expired or was used; ask for a new one.")


def _origin(url: str) -> str | None:
    """Scheme and host of a web address; None for what browsers and we could read differently."""
    if not url.isascii() or not url.isprintable() or any(character in url for character in "\\ @"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port or default}"
