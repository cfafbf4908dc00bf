"""Creates, changes and revokes links to walls, and opens a wall by its link.

A link sees what its author may see at that moment, and nothing beyond its filter. It ends with its author's membership.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from signfleet.fleet.health.catalogue import HEALTHS
from signfleet.fleet.walls import store as queries
from signfleet.fleet.walls.schemas import Audited, NewWallLink, WallLink, WallLinkChange
from signfleet.foundation.errors import Invalid, NotFound, of_another
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
from signfleet.web.contract.conditional import NONE, Precondition, version_of

#: How many links a network may have, and how long one may last, in ms.
MOST: Final = 100
LONGEST: Final = 366 * DAY
#: How long one lasts that names no end, in ms.
USUAL: Final = 30 * DAY
#: The page of a link, with its token at the end.
PAGE: Final = "/console/kiosk/"


class Opened(NamedTuple):
    """A link, and the session as which it sees."""

    link: WallLink
    session: Session


class Made(NamedTuple):
    """A new link, and the path of its page, which contains its token."""

    link: WallLink
    path: str


class WallLinks:
    """The links of each network."""

    def __init__(self, store: Store, users: Users) -> None:
        self._store = store
        self._users = users

    async def list_(self, network_id: int) -> list[WallLink]:
        """Returns the links of a network, the newest first, those that have expired included."""
        return [_link(row) for row in await self._store.all(queries.ALL, in_network=network_id)]

    async def get(self, network_id: int, ref: str) -> WallLink:
        """Returns a link. Raises `NotFound`."""
        row = await self._store.one(queries.ONE, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("link", ref)
        return _link(row)

    async def create(self, session: Session, new: NewWallLink, now: int) -> Made:
        """Creates a link. Raises `Invalid` for a name, filter or date that does not fit, and `QuotaReached`."""
        values = await _values(new, now, now + USUAL)
        network_id, user_id, token = session.network, session.user_id, new_token()
        if user_id is None:
            raise Invalid("Only a user of the network can create a link.")

        async def work(tx: Transaction) -> WallLink:
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
                user_id=user_id,
                author=session.login or "",
                creation_date=now,
                **values,
            )
            row = await tx.one(queries.ONE, in_network=network_id, this_id=id_)
            assert row is not None
            await record(tx, network_id, AuditEntry("Create", "WallLink", id_, row.name, after=_audited(row)), now)
            return _link(row)

        return Made(await self._store.write(work), f"{PAGE}{token}/")

    async def update(
        self, network_id: int, ref: str, change: WallLinkChange, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces everything but the address and the author of a link. Raises `NotFound`, `Stale`, `Invalid`."""
        values = await _values(change, now, usual=0)

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            precondition.check_version(version_of(_link(row)))
            if change.id not in (None, row.id):
                other = await tx.one(queries.ONE, in_network=network_id, this_id=change.id)
                if other is not None:
                    raise of_another("id", "link", change.id, row.id)
            new = {f"new_{name}": value for name, value in values.items()}
            new["new_expiration_date"] = values["expiration_date"] or row.expiration_date
            await tx.execute(queries.UPDATE, in_network=network_id, this_id=row.id, **new)
            after = await tx.one(queries.ONE, in_network=network_id, this_id=row.id)
            assert after is not None
            entry = AuditEntry("Update", "WallLink", row.id, row.name, _audited(row), _audited(after))
            await record(tx, network_id, entry, now)

        await self._store.write(work)

    async def revoke(self, network_id: int, ref: str, now: int, precondition: Precondition = NONE) -> None:
        """Deletes a link. Raises `NotFound`, `Stale`."""

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            precondition.check_version(version_of(_link(row)))
            await tx.execute(queries.DELETE, in_network=network_id, this_id=row.id)
            await record(tx, network_id, AuditEntry("Revoke", "WallLink", row.id, row.name, _audited(row)), now)

        await self._store.write(work)

    async def _lock(self, tx: Transaction, network_id: int, ref: str) -> queries.WallLinkRow:
        row = await tx.one(queries.LOCK, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("link", ref)
        return row

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


def _id(ref: str) -> int:
    """Returns the id of a link; no link has 0."""
    return id_of(ref) or 0


async def _values(new: NewWallLink, now: int, usual: int) -> dict[str, Any]:
    """Returns the columns of a link, which ends at `usual` if its body has no date. Raises `Invalid`."""
    name = new.name.strip()
    if not name or not name.isprintable():
        raise Invalid("'name': the name of a link has 1 to 128 printable characters.")
    await HEALTHS.read_filter(new.filter)
    try:
        end = None if new.expiration_date is None else datetime.parse(new.expiration_date)
    except ValueError as error:
        raise Invalid(f"'expirationDate': {error}.") from error
    if end is not None and not now < end <= now + LONGEST:
        raise Invalid(f"'expirationDate' has to be a date in the future, at most {LONGEST // DAY} days ahead.")
    return {"name": name, "filter": new.filter, "side": new.side, "expiration_date": usual if end is None else end}


def _link(row: queries.WallLinkRow) -> WallLink:
    return WallLink(
        id=row.id,
        name=row.name,
        filter=row.filter,
        side=row.side,
        author=row.author,
        creation_date=datetime.format(row.creation_date),
        expiration_date=datetime.format(row.expiration_date),
    )


def _audited(row: queries.WallLinkRow) -> Audited:
    return Audited(row.filter, row.side, datetime.format(row.expiration_date))
