"""Creates links to walls, lists and revokes them, and opens a wall by its link.

A link sees what its author may see at that moment, and nothing beyond its filter. It ends with its author's membership.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.fleet.health.catalogue import HEALTHS
from signfleet.fleet.walls import store as queries
from signfleet.fleet.walls.schemas import Audited, WallLink
from signfleet.foundation.blobs.sized import SIDES
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.quotas import QuotaReached
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users.service import Users
from signfleet.web.caller.session import Session

#: How many links a network may have, and how long one may last, in ms.
MOST: Final = 100
LONGEST: Final = 366 * DAY
NAME_LIMIT: Final = 128
FILTER_LIMIT: Final = 8192
_FIELDS: Final = WallLink.__struct_fields__


class Opened(NamedTuple):
    """A link, and the session as which it sees."""

    link: WallLink
    session: Session


class WallLinks:
    """The links of each network."""

    def __init__(self, store: Store, users: Users) -> None:
        self._store = store
        self._users = users

    async def list_(self, network_id: int) -> list[WallLink]:
        """Returns the links of a network, the newest first, those that have expired included."""
        return [_link(row) for row in await self._store.all(queries.ALL, in_network=network_id)]

    async def create(
        self, session: Session, name: str, *, filter: str | None, side: str, lifetime: int, now: int
    ) -> str:
        """Creates a link that lasts so long (ms), and returns its token, once.

        Raises `Invalid` for a filter or size that does not fit, and `QuotaReached`.
        """
        name = name.strip()
        if not 0 < len(name) <= NAME_LIMIT:
            raise Invalid(f"'name' has 1 to {NAME_LIMIT} characters.")
        if side not in SIDES:
            raise Invalid(f"'side' is one of {', '.join(SIDES)}.")
        if not 0 < lifetime <= LONGEST:
            raise Invalid(f"A link lasts at most {LONGEST // DAY} days.")
        if filter is not None and len(filter) > FILTER_LIMIT:
            raise Invalid(f"'filter' has at most {FILTER_LIMIT} characters.")
        await HEALTHS.read_filter(filter)
        network_id, user_id, token = session.network, session.user_id, new_token()
        if user_id is None:
            raise Invalid("Only a user of the network can create a link.")

        async def work(tx: Transaction) -> None:
            id_ = await tx.next_id("wall_link")
            await counters.add(tx, network_id, "WallLink", 0)  # locks the counter: adding to one network is serial
            await tx.execute(queries.DELETE_EXPIRED, in_network=network_id, now=now)
            (count,) = await tx.all(queries.COUNT, in_network=network_id)
            if count.number >= MOST:
                raise QuotaReached(f"A network has at most {MOST} links to walls; revoke some.")
            await tx.execute(
                queries.INSERT,
                network_id=network_id,
                id=id_,
                hash=hash_token(token),
                name=name,
                filter=filter,
                side=side,
                user_id=user_id,
                author=session.login or "",
                creation_date=now,
                expiration_date=now + lifetime,
            )
            after = Audited(filter, datetime.format(now + lifetime))
            await record(tx, network_id, AuditEntry("Create", "WallLink", id_, name, after=after), now)

        await self._store.write(work)
        return token

    async def revoke(self, network_id: int, ref: str, now: int) -> None:
        """Deletes a link. Raises `NotFound`."""
        id_ = id_of(ref)
        if id_ is None:
            raise NotFound.in_network("link", ref)

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK, in_network=network_id, this_id=id_)
            if row is None:
                raise NotFound.in_network("link", ref)
            await tx.execute(queries.DELETE, in_network=network_id, this_id=id_)
            before = Audited(row.filter, datetime.format(row.expiration_date))
            await record(tx, network_id, AuditEntry("Revoke", "WallLink", id_, row.name, before), now)

        await self._store.write(work)

    async def open(self, token: str, now: int) -> Opened:
        """Returns the link of a token. Raises `NotFound` for one that never was, has expired, or was revoked."""
        row = await self._store.one(queries.BY_HASH, hash=hash_token(token))
        if row is not None and row.expiration_date > now:
            try:
                author = await self._users.row(row.user_id)
            except NotFound:
                author = None
            is_out = author is None or author.is_locked_out or author.person_is_locked_out
            if author is not None and not is_out and not author.network_is_locked_out:
                return Opened(_link(row), await self._users.session_of(author))
        raise NotFound("There is no such wall: the link has expired or was revoked.")


def _link(row: queries.WallLinkRow) -> WallLink:
    return msgspec.convert({name: getattr(row, name) for name in _FIELDS}, WallLink)
