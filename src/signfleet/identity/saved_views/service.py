"""Lists, saves and deletes views."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import UPDATE_NETWORK_SETTINGS
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action
from signfleet.identity.saved_views import store as queries
from signfleet.identity.saved_views.store import EVERYBODY, ViewRow
from signfleet.web.caller.session import Session

NAME_LIMIT: Final = 64
QUERY_LIMIT: Final = 2048
#: How many views of a section one user has, and everybody.
LIMIT: Final = 50


class SavedView(NamedTuple):
    """A name for the query of a list's address."""

    name: str
    query: str
    is_shared: bool


class NewView(NamedTuple):
    """A view of a section, such as `players`, to save."""

    section: str
    name: str
    query: str
    is_shared: bool


class SavedViews:
    """The views of the users of networks. Those of everybody are changed by who may change the network's settings."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions

    async def list_(self, session: Session, section: str) -> list[SavedView]:
        """Returns the views that the caller sees: those of everybody, then their own, by name."""
        where = {"in_network": session.network, "in_section": section, "of_user": _user(session)}
        return [
            SavedView(row.name, row.address, row.user_id == EVERYBODY)
            for row in await self._store.all(queries.LIST, **where)
        ]

    async def may_share(self, session: Session) -> bool:
        """Returns whether the caller may change the views of everybody."""
        return await self._permissions.allows(session, UPDATE_NETWORK_SETTINGS)

    async def save(self, session: Session, new: NewView, now: int) -> None:
        """Saves a view, in the place of one of the same name. Raises `Invalid`, `Forbidden`, `Conflict`."""
        name = new.name.strip()
        if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
            raise Invalid(f"'name': the name of a view has 1 to {NAME_LIMIT} printable characters.")
        if len(new.query) > QUERY_LIMIT:
            raise Invalid(f"'query': the address of a view has at most {QUERY_LIMIT} characters.")
        user_id = await self._owner(session, is_shared=new.is_shared)
        section = {"in_network": session.network, "in_section": new.section, "of_user": user_id}
        this = {**section, "of_name": fold(name)}

        async def work(tx: Transaction) -> None:
            row: ViewRow | None = await tx.one(queries.ONE, **this)
            if row is not None:
                await tx.execute(queries.REPLACE, new_name=name, new_address=new.query, now=now, **this)
            else:
                count = await tx.one(queries.COUNT, **section)
                if count is not None and count.total >= LIMIT:
                    raise Invalid(f"There are {LIMIT} views already; delete one first.")
                await tx.execute(
                    queries.INSERT,
                    network_id=session.network,
                    user_id=user_id,
                    section=new.section,
                    name_key=fold(name),
                    name=name,
                    address=new.query,
                    last_modified_date=now,
                )
            entry = _entry(session, new.section, name, None if row is None else row.address, new.query)
            await record(tx, session.network, entry, now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Conflict(f"'name': somebody has saved a view '{name}' just now.") from None

    async def get(self, session: Session, section: str, name: str, *, is_shared: bool) -> SavedView:
        """Returns a view that the caller may change. Raises `NotFound`, `Forbidden`."""
        user_id = await self._owner(session, is_shared=is_shared)
        this = {"in_network": session.network, "in_section": section, "of_user": user_id, "of_name": fold(name)}
        row: ViewRow | None = await self._store.one(queries.ONE, **this)
        if row is None:
            raise NotFound(f"There is no view '{name[:NAME_LIMIT]}'.")
        return SavedView(row.name, row.address, is_shared)

    async def delete(self, session: Session, section: str, name: str, now: int, *, is_shared: bool) -> None:
        """Deletes a view. Raises `NotFound`, `Forbidden`."""
        user_id = await self._owner(session, is_shared=is_shared)
        this = {"in_network": session.network, "in_section": section, "of_user": user_id, "of_name": fold(name)}

        async def work(tx: Transaction) -> None:
            row: ViewRow | None = await tx.one(queries.ONE, **this)
            if row is None or not await tx.execute(queries.DELETE, **this):
                raise NotFound(f"There is no view '{name[:NAME_LIMIT]}'.")
            await record(tx, session.network, _entry(session, section, row.name, row.address, None), now)

        await self._store.write(work)

    async def _owner(self, session: Session, *, is_shared: bool) -> int:
        if not is_shared:
            return _user(session)
        if not await self.may_share(session):
            raise Forbidden("Views of everybody need the operation 'Update Settings' of the network.")
        return EVERYBODY


def _user(session: Session) -> int:
    assert session.user_id is not None
    return session.user_id


def _entry(session: Session, section: str, name: str, before: str | None, after: str | None) -> AuditEntry:
    """Returns the audit entry of a change, which is like one of the profile of who makes it."""
    old, new = (None if query is None else {"query": query} for query in (before, after))
    action: Action = "Create" if before is None else "Delete" if after is None else "Update"
    return AuditEntry(action, "Profile", session.user_id, f"{section}: {name}", old, new)
