"""Records sign-ins in the audit trail and in the metrics, with bounded memory and storage.

Equal events fold: the first is written at once, later ones within the hour become one entry with their count. The text
that a caller typed is never written, unless it is an existing login: it may be a password in the wrong field.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, NamedTuple

from prometheus_client import Counter

from signfleet.foundation import clock
from signfleet.foundation.errors import SignfleetError, Throttled
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.address import subscriber
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.access.application_store import APPLICATION_BY_ID
from signfleet.identity.access.attempts import LOGIN_LIMIT
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action, AuditedEntity
from signfleet.identity.people import store as people
from signfleet.identity.people.store import PersonRow
from signfleet.identity.users import store as users
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.actor import Actor, act_as

Grant = Literal["client_credentials", "password", "refresh_token", "authorization_code", "session", "browser"]
Outcome = Literal["success", "failure", "throttled"]

#: The period in which equal events become one entry, in ms.
FOLD: Final = HOUR
#: How many different events are counted separately in that period; all others are counted together.
KEYS_LIMIT: Final = 1000
#: How many events may wait to be written; further ones are counted together.
PENDING_LIMIT: Final = 1000

ACTIONS: Final[dict[Outcome, Action]] = {
    "success": "SignIn",
    "failure": "SignInFailure",
    "throttled": "SignInThrottled",
}

SIGN_INS: Final = Counter("signfleet_sign_ins", "Attempts to sign in.", ["grant", "outcome"])


@dataclass(slots=True)
class SignInEvent:
    """What is known of one attempt; `SignIn` completes it during the checks."""

    grant: Grant
    address: str
    #: The text that the caller typed.
    login: str | None = None
    network_name: str | None = None
    person_id: int | None = None
    person_login: str | None = None
    application: str | None = None
    application_id: int | None = None
    outcome: Outcome = "success"
    reason: str | None = None
    date: int = 0

    def is_by(self, person: PersonRow) -> None:
        """Sets the person who signs in, or whom somebody tries to sign in as."""
        self.person_id, self.person_login = person.person_id, person.login


class _Key(NamedTuple):
    """What equal events have in common."""

    network_id: int | None
    outcome: Outcome
    entity: AuditedEntity
    id: int | None
    login: str | None
    grant: Grant
    application: str | None
    reason: str | None
    place: str


@dataclass(slots=True)
class _Folded:
    """The count of equal events that are not written yet, and when some were last written."""

    count: int = 0
    first: int = 0
    last: int = 0
    address: str | None = None
    written: int | None = None


class SignInTrace:
    """Collects the sign-ins of this process. `write` is a background job, which runs when `wake` is set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: deque[SignInEvent] = deque()
        self._folded: dict[_Key, _Folded] = {}
        self.wake = asyncio.Event()

    @contextmanager
    def of(self, grant: Grant, address: str, now: int) -> Iterator[SignInEvent]:
        """Records whether an attempt, the block, succeeds or raises. The block completes the event."""
        event = SignInEvent(grant, address, date=now)
        try:
            yield event
        except SignfleetError as error:
            event.outcome = "throttled" if isinstance(error, Throttled) else "failure"
            event.reason = error.message or "The token has expired."
            self.note(event)
            raise
        self.note(event)

    def note(self, event: SignInEvent) -> None:
        """Counts an event, and wakes the job that writes it."""
        SIGN_INS.labels(event.grant, event.outcome).inc()
        if event.grant == "refresh_token" and event.outcome == "success":  # the sign-in is already recorded
            return
        if event.outcome == "throttled":
            event.reason = None  # its text has the seconds to wait, which would make every event different
        if len(self._pending) >= PENDING_LIMIT:
            self._fold(self._other(event), event)
        else:
            self._pending.append(event)
        self.wake.set()

    async def write(self) -> None:
        """Writes new events, and the counts of folded events whose period has ended."""
        while self._pending:
            event = self._pending[0]
            key = await self._key(event)
            self._pending.popleft()
            if key not in self._folded and len(self._folded) >= KEYS_LIMIT:
                key = self._other(event)
            self._fold(key, event)
        now = clock.now()
        due = [key for key, folded in self._folded.items() if folded.written is None or now - folded.written >= FOLD]
        for key in due:
            folded = self._folded[key]
            if folded.count:
                await self._store.write(partial(_record, key=key, folded=folded))
                self._folded[key] = _Folded(written=now)
            else:
                del self._folded[key]

    def _fold(self, key: _Key, event: SignInEvent) -> None:
        folded = self._folded.setdefault(key, _Folded())
        folded.first = folded.first or event.date
        folded.count, folded.last, folded.address = folded.count + 1, event.date, event.address

    async def _key(self, event: SignInEvent) -> _Key:
        """Looks up whom an event concerns: a user if it names one of their networks, else a person, else nobody."""
        if event.person_id is None and event.login is not None:
            login = event.login.strip()[: LOGIN_LIMIT + 1]
            person = await self._store.one(people.PERSON_OF_MAILBOX, mailbox_key=mailbox_key(login))
            if person is not None:
                event.is_by(person)
        if event.application_id is not None:
            row = await self._store.one(APPLICATION_BY_ID, id=event.application_id)
            event.application = None if row is None else row.name
        network_id: int | None = None
        entity: AuditedEntity = "Person"
        id_ = event.person_id
        if event.person_id is not None and event.network_name is not None:
            for user in await self._store.all(users.USERS_OF_PERSON, person_id=event.person_id):
                if fold(user.network_name) == fold(event.network_name.strip()):
                    network_id, entity, id_ = user.network_id, "User", user.id
        return _key(event, network_id, entity, id_)

    def _other(self, event: SignInEvent) -> _Key:
        return _Key(None, event.outcome, "Person", None, None, event.grant, None, None, "")


def _key(event: SignInEvent, network_id: int | None, entity: AuditedEntity, id_: int | None) -> _Key:
    return _Key(
        network_id,
        event.outcome,
        entity,
        id_,
        event.person_login,
        event.grant,
        event.application,
        event.reason,
        subscriber(event.address),
    )


async def _record(tx: Transaction, key: _Key, folded: _Folded) -> None:
    name = key.login if key.login is not None and key.outcome == "success" else "anonymous"
    act_as(Actor(name, (folded.address or None) if key.place else None))
    after: dict[str, Any] = {"grant": key.grant, "application": key.application, "count": folded.count}
    if key.reason is not None:
        after["reason"] = key.reason
    if folded.count > 1:
        after["since"] = datetime.format(folded.first)
    await record(
        tx, key.network_id, AuditEntry(ACTIONS[key.outcome], key.entity, key.id, key.login, None, after), folded.last
    )
    if key.outcome == "throttled" and key.login is not None:
        event = recording.Event(kinds.SignInLocked(login=key.login, address=folded.address or None))
        for network_id in await _networks_of(tx, key):
            await recording.record(tx, network_id, event, now=folded.last)


async def _networks_of(tx: Transaction, key: _Key) -> list[int]:
    """Returns the network that a sign-in named, else all networks of the person."""
    if key.network_id is not None:
        return [key.network_id]
    if key.entity != "Person" or key.id is None:
        return []
    return [row.network_id for row in await tx.all(users.USERS_OF_PERSON, person_id=key.id)]
