"""Lists events of a network, and decides which of them a caller may see."""

from __future__ import annotations

import msgspec

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import VIEW_AUDIT, VIEW_DEVICE, VIEW_USER
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.events import store as queries
from signfleet.identity.events.catalogue import EVENTS
from signfleet.identity.events.hints import WORDS
from signfleet.identity.events.schemas import EventRecord
from signfleet.notify.events.store import COLUMNS, EventRow
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class EventLists:
    """The events of each network."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._permissions = permissions
        self._all = Collection(store, EVENTS, COLUMNS)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of the events that the caller may see, newest first unless the query has a sort."""
        found = await self._all.find(session.network, query, await self.scope(session))
        return found.page([encode(record_of(row)) for row in found.rows])

    async def scope(self, session: Session) -> Scope:
        """Returns the scope of events that the caller may see.

        Those of devices that the caller may see, or could see when they were deleted; those of players that are no
        device, for callers who may see every device; those of the network and its accounts with the operation View
        Audit Trail, and of them those about users only if the caller may see every user.
        """
        scope_of = self._permissions.scope_with_former
        network = await self._permissions.allows(session, VIEW_AUDIT)
        users = await scope_of(session, VIEW_USER, queries.DEVICE_ID)
        return queries.visible(
            await scope_of(session, VIEW_DEVICE, queries.DEVICE_ID), network=network, users=not users.conditions
        )

    async def changes(self, session: Session) -> Scope:
        """Returns the scope of the audit trail of which the caller may get hints: kinds of things, and devices."""
        entities = [entity for entity, (_, needs) in WORDS.items() if await self._permissions.allows(session, needs)]
        devices = await self._permissions.scope_with_former(session, VIEW_DEVICE, queries.CHANGED_DEVICE_ID)
        return queries.visible_changes(devices, entities)


def record_of(row: EventRow) -> EventRecord:
    """Returns the entity of a row."""
    return EventRecord(
        id=row.id,
        date=datetime.format(row.date),
        kind=row.kind,
        device_id=row.device_id,
        serial=row.serial,
        name=row.name,
        data=msgspec.Raw(row.data.encode()),
    )
