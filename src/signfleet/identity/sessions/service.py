"""Lists and ends the sessions of a person."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.identity.access.store import DELETE_OTHER_SESSIONS, DELETE_SESSION
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.sessions import store as queries
from signfleet.identity.sessions.schemas import SessionInfo, SessionPage

#: Above every id.
_TOP: Final = 2**63 - 1
#: An id that no session has.
NO_SESSION: Final = 0


class OwnSessions:
    """The sessions of one person. Each sign-in opens one, with its access and refresh tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, person_id: int, own_id: int, marker: str | None, size: int, now: int) -> SessionPage:
        """Returns the sessions with a valid token, newest first. Raises `Invalid` for a malformed marker."""
        below = _TOP
        if marker is not None:
            if not (marker.isascii() and marker.isdigit() and len(marker) < 19):
                raise Invalid("Query parameter 'marker' is not the 'nextMarker' of a page.")
            below = int(marker)
        rows = await self._store.scan_all(
            queries.LIVE_SESSIONS, person_id=person_id, below=below, now=now, count=size + 1
        )
        items = [_info(row, own_id) for row in rows[:size]]
        return SessionPage(items=items, next_marker=str(items[-1].id) if len(rows) > size else None)

    async def end(self, person_id: int, session_id: int | None, login: str | None, now: int) -> None:
        """Ends a session with all its tokens, at once and on every server. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_OWN_SESSION, id=session_id or 0, person_id=person_id)
            if row is None:
                raise NotFound("You have no such session; it may have ended already.")
            await tx.execute(DELETE_SESSION, id=row.id)
            before = {
                "grant": row.grant_type,
                "address": row.address,
                "creationDate": datetime.format(row.creation_date),
            }
            await record(tx, row.network_id, AuditEntry("Revoke", "Session", row.id, login, before), now)

        await self._store.write(work)

    async def end_all(self, person_id: int, login: str | None, now: int) -> None:
        """Ends every session of a person, with all tokens of browsers and applications."""

        async def work(tx: Transaction) -> None:
            ended = await tx.execute(DELETE_OTHER_SESSIONS, of_person_id=person_id, own_id=NO_SESSION)
            await record(tx, None, AuditEntry("Revoke", "Session", None, login, {"sessions": ended}), now)

        await self._store.write(work)


def _info(row: queries.LiveSession, own_id: int) -> SessionInfo:
    return SessionInfo(
        id=row.id,
        is_own=row.id == own_id,
        grant=row.grant_type,
        application=row.application,
        network=row.network,
        address=row.address,
        creation_date=datetime.format(row.creation_date),
        last_used_date=datetime.format(row.last_used_date or row.creation_date),
        expiration_date=datetime.format(row.until),
    )
