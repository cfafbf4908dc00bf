"""Hints that something was changed, read from the audit trail: which kinds of things, and of which devices.

Ids do not commit in their order on PostgreSQL. So a reader looks back at the last ids and leaves out those that it has
seen; a change that commits later than that goes without a hint, which costs a page a minute.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.identity.access.operations.definitions import (
    MANAGE_ALERTS,
    MANAGE_WEBHOOKS,
    SETUP_DEVICE,
    UPDATE_NETWORK_SETTINGS,
    VIEW_AUDIT,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_NETWORK,
    VIEW_ROLE,
    VIEW_SUBSCRIPTION,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.events import store as queries

#: How many ids a reader looks back.
WINDOW: Final = 256

#: The words of what is changed, and the operation without which nobody learns of it.
WORDS: Final[dict[str, tuple[str, Operation]]] = {
    "Alert": ("alert", VIEW_DEVICE),
    "AlertRule": ("rule", MANAGE_ALERTS),
    "Command": ("command", VIEW_DEVICE),
    "CommandBatch": ("command", VIEW_DEVICE),
    "Device": ("device", VIEW_DEVICE),
    "Group": ("group", VIEW_GROUP),
    "Job": ("job", VIEW_DEVICE),
    "MaintenanceWindow": ("rule", MANAGE_ALERTS),
    "Message": ("webhook", MANAGE_WEBHOOKS),
    "Network": ("network", VIEW_NETWORK),
    "Role": ("role", VIEW_ROLE),
    "Serial": ("joining", VIEW_AUDIT),
    "Setup": ("setup", SETUP_DEVICE),
    "SetupRecord": ("setup", SETUP_DEVICE),
    "Subscription": ("subscription", VIEW_SUBSCRIPTION),
    "Tag": ("device", VIEW_DEVICE),
    "Token": ("setup", SETUP_DEVICE),
    "User": ("user", VIEW_USER),
    "WallLink": ("wall", UPDATE_NETWORK_SETTINGS),
    "Webhook": ("webhook", MANAGE_WEBHOOKS),
}


class ChangeHints:
    """What was changed in a network since the last look, as far as a scope shows it."""

    def __init__(self, store: Store, network_id: int, scope: Scope, last: int) -> None:
        self._store = store
        self._network_id = network_id
        self._query: Query[queries.ChangeHintRow] = queries.changes_after(scope)
        self._parameters = scope.parameters
        self._first = self._last = last
        self._seen: set[int] = set()

    async def read(self, limit: int) -> dict[str, set[int]] | None:
        """Returns the ids of devices by what was changed, none for what is no device; None for more than `limit`."""
        rows = await self._store.scan_all(
            self._query,
            network_id=self._network_id,
            after=max(self._first, self._last - WINDOW),
            limit=limit + WINDOW,
            **self._parameters,
        )
        new = [row for row in rows if row.id not in self._seen]
        self._last = max([self._last, *(row.id for row in rows)])
        self._seen = {id_ for id_ in (*self._seen, *(row.id for row in new)) if id_ > self._last - WINDOW}
        if len(new) > limit:
            return None
        found: dict[str, set[int]] = defaultdict(set)
        for row in new:
            found[WORDS[row.entity][0]].update(() if row.device_id is None else (row.device_id,))
        return found


async def last_change(store: Store, network_id: int) -> int:
    """Returns the id of the last change of a network."""
    row = await store.one(queries.LAST_CHANGE, network_id=network_id)
    return (row and row.id) or 0
