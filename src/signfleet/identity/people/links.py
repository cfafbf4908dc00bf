"""One-time links. A link is mailed, so the person who follows it can read the mailbox."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from signfleet.foundation.errors import NotFound
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.datetime import next_moment
from signfleet.identity.access.application_store import DELETE_APPLICATIONS_OF_PERSON
from signfleet.identity.access.store import DELETE_OTHER_SESSIONS
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.people import store as queries
from signfleet.identity.people.store import LinkRow, PersonRow
from signfleet.notify.mail.composing import Composer
from signfleet.notify.outbox.service import Outbox
from signfleet.web.caller.actor import acting

#: The purposes of links; the page behind a link has the same name.
ACTIVATE: Final = "activate"
INVITATION: Final = "invitation"
RESET: Final = "reset"


class _Kind(NamedTuple):
    """The template of the mail with a link, and the lifetime of the link in ms."""

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
#: Matches messages and links, which names do not contain.
_NO_NAME: Final = re.compile(r"[/:@]|\.\w")


class OneTimeLinks:
    """Mails and finds links, and checks where their pages may lead."""

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
        person: PersonRow,
        now: int,
        *,
        network: str | None = None,
        return_url: str | None = None,
        server: str | None = None,
    ) -> None:
        """Puts a mail with a new link into the outbox; the link replaces an older one.

        It leads to `server`, or else to the URL by which the caller provably reaches this server, or else to the
        server's own URL.
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
        await self._outbox.put(tx, mail.message(), now)

    def send(self) -> None:
        """Wakes the outbox; call it after the mail is committed."""
        self._outbox.send()

    async def find(self, purpose: str, token: str, now: int) -> LinkRow | None:
        """Returns a live link with its person; None for any other link."""
        return await self._store.one(queries.LINK, hash=hash_token(token), purpose=purpose, now=now)

    def allowed(self, return_url: str | None) -> str | None:
        """Returns the URL if the settings allow its origin, or else None."""
        return return_url if return_url is not None and _origin(return_url) in self._origins else None


async def use_link(tx: Transaction, purpose: str, token: str, now: int) -> LinkRow:
    """Deletes a link, which can be used once, and locks all people of its mailbox. Raises `NotFound`."""
    key = {"hash": hash_token(token), "purpose": purpose, "now": now}
    found = await tx.one(queries.LINK, **key)
    if found is None:
        raise unknown_link()
    await tx.all(queries.LOCK_MAILBOX, mailbox_key=found.mailbox_key)
    link = await tx.one(queries.LOCK_LINK, **key)
    if link is None:
        raise unknown_link()
    await tx.execute(queries.DELETE_LINKS, person_id=link.person_id, purpose=purpose)
    return link


async def prove(tx: Transaction, person: PersonRow, password_hash: str, now: int) -> None:
    """Makes `person` the account of a mailbox whose link was followed, with the password typed then.

    Ends all sessions and applications of the person and deletes all other registrations of the mailbox, since others
    may have made them. Raises `Duplicate` if the mailbox has an account already.
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
    """Returns the error for a link that does not exist, has expired or was used."""
    return NotFound("This link has expired or was used; ask for a new one.")


def _harmless(name: str | None) -> str | None:
    """Returns a name for a mail, or None for a message or link: strangers choose the name and where the mail goes."""
    return name if name and not _NO_NAME.search(name) and name.isprintable() else None


def _origin(url: str) -> str | None:
    """Returns scheme, host and port of a URL; None for what browsers could read differently."""
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
