"""One-time links: mailed to a mailbox, following one proves that its reader reads the mailbox."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from signfleet.foundation.errors import NotFound
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.datetime import next_moment
from signfleet.identity.access.store import DELETE_APPLICATIONS_OF_PERSON, DELETE_OTHER_SESSIONS
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.people import store as queries
from signfleet.notify.mail.composing import Composer
from signfleet.notify.mail.outbox import Outbox
from signfleet.web.caller.actor import acting

#: What a link is for; the page behind it has the same name.
ACTIVATE: Final = "activate"
INVITATION: Final = "invitation"
RESET: Final = "reset"


class _Kind(NamedTuple):
    """The mail that brings a link, and how long the link lives, in ms."""

    template: str
    lifetime: int


_KINDS: Final = {
    ACTIVATE: _Kind("activation", 7 * timespan.DAY),
    INVITATION: _Kind("invitation", 7 * timespan.DAY),
    RESET: _Kind("reset", 15 * timespan.MINUTE),
}

#: No session has this id.
NO_SESSION: Final = 0

URL_LIMIT: Final = 2048
#: What names do not contain, and messages and links do.
_NO_NAME: Final = re.compile(r"[/:@]|\.\w")


class OneTimeLinks:
    """Mails links, finds them, and says where their pages may lead."""

    def __init__(self, store: Store, outbox: Outbox, settings: Settings) -> None:
        self._store = store
        self._outbox = outbox
        self._composer = Composer(settings)
        self._own_url = settings.own_url
        allowed = (*settings.return_origins.split(","), settings.own_url)
        self._origins = {origin for part in allowed if (origin := _origin(part.strip())) is not None}

    async def mail(
        self,
        tx: Transaction,
        purpose: str,
        person: Row,
        now: int,
        *,
        network: str | None = None,
        return_url: str | None = None,
        server: str | None = None,
    ) -> None:
        """Puts a mail with a new link, which replaces the one before, into the outbox.

        It leads to `server`, or else to how the caller provably reaches this server, or where this listens.
        """
        server = server or acting().server or self._own_url
        token, kind = new_token(), _KINDS[purpose]
        await tx.execute(queries.DELETE_LINKS, person_id=person.person_id, purpose=purpose)
        await tx.execute(
            queries.INSERT_LINK,
            hash=hash_token(token),
            purpose=purpose,
            person_id=person.person_id,
            valid_to=now + kind.lifetime,
            return_url=return_url if return_url and len(return_url) <= URL_LIMIT else None,
        )
        mail = self._composer.compose(
            kind.template,
            person.login,
            login=person.login,
            first_name=_harmless(person.first_name),
            network=_harmless(network),
            server=server,
            link=f"{server}/account/{purpose}?token={quote(token)}",
            days=kind.lifetime // timespan.DAY,
            minutes=kind.lifetime // timespan.MINUTE,
        )
        await self._outbox.put(tx, mail, now)

    def send(self) -> None:
        """Wakes the outbox, once the mail is committed."""
        self._outbox.wake.set()

    async def find(self, purpose: str, token: str, now: int) -> Row | None:
        """The person of a live link, with what `people.store.LINK` adds; None for any other link."""
        return await self._store.one(queries.LINK, hash=hash_token(token), purpose=purpose, now=now)

    def allowed(self, return_url: str | None) -> str | None:
        """The address, if its origin is one to which people may be sent."""
        return return_url if return_url is not None and _origin(return_url) in self._origins else None


async def take(tx: Transaction, purpose: str, token: str, now: int) -> Row:
    """Uses a link up and locks everybody who claims its mailbox. Raises `NotFound`."""
    key = {"hash": hash_token(token), "purpose": purpose, "now": now}
    found = await tx.one(queries.LINK, **key)
    if found is None:
        raise unknown_link()
    await tx.all(queries.LOCK_MAILBOX, mailbox_key=found.mailbox_key)
    link = await tx.one(queries.LINK_TO_TAKE, **key)
    if link is None:
        raise unknown_link()
    await tx.execute(queries.DELETE_LINKS, person_id=link.person_id, purpose=purpose)
    return link


async def prove(tx: Transaction, person: Row, password_hash: str, now: int) -> None:
    """Makes `person` the account of a mailbox just proved, with a password typed after the proof.

    Whatever signed in before is void, and so are all other registrations of the mailbox. Raises `Duplicate` if the
    mailbox has got an account in the meantime.
    """
    await tx.execute(
        queries.PROVE_PERSON,
        id_=person.person_id,
        new_password_hash=password_hash,
        now=now,
        modified=next_moment(person.person_last_modified_date, now),
    )
    await tx.execute(DELETE_OTHER_SESSIONS, of_person_id=person.person_id, own_id=NO_SESSION)
    await tx.execute(DELETE_APPLICATIONS_OF_PERSON, of_person_id=person.person_id)
    await tx.execute(queries.DELETE_REGISTRATIONS, mailbox_key=person.mailbox_key)


def unknown_link() -> NotFound:
    return NotFound("This link has expired or was used; ask for a new one.")


def _harmless(name: str | None) -> str | None:
    """A name for a mail, unless it is a message or a link: strangers choose names and the mailboxes they go to."""
    return name if name and not _NO_NAME.search(name) and name.isprintable() else None


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
