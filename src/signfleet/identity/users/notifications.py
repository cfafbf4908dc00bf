"""Reads and changes the events about which a user gets mail: the User Notification Settings entity."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.foundation.errors import NotFound, TooLarge
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users import store as queries
from signfleet.identity.users.schemas import TEMPLATES_LIMIT, NotificationSettings, default_notifications
from signfleet.identity.users.store import UserRow
from signfleet.web.contract.patch import converted, merged


class Notifications:
    """Reads and changes the notification settings of users."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, user: UserRow) -> bytes:
        """Returns the entity as JSON."""
        row = await self._store.one(queries.NOTIFICATIONS, network_id=user.network_id, user_id=user.id)
        return msgspec.json.encode(default_notifications(user.role_id)) if row is None else row.document.encode()

    async def put(self, user: UserRow, partial: dict[str, Any], now: int) -> None:
        """Changes the properties that `partial` has. Settings that come out the same write nothing.

        Raises `Invalid` with the path of the value, `NotFound`, `TooLarge`.
        """

        async def work(tx: Transaction) -> None:
            if await tx.one(queries.LOCK_ONE, network_id=user.network_id, id=user.id) is None:
                raise NotFound(f"There is no user {user.id}.")
            row = await tx.one(queries.NOTIFICATIONS, network_id=user.network_id, user_id=user.id)
            present = default_notifications(user.role_id) if row is None else msgspec.json.decode(row.document)
            settings = converted(merged(present, partial), NotificationSettings)
            if row is not None and msgspec.to_builtins(settings) == present:
                return
            document = msgspec.json.encode(settings)
            if len(document) > TEMPLATES_LIMIT:
                raise TooLarge(f"The notification settings of a user have at most {TEMPLATES_LIMIT} bytes as JSON.")
            change = AuditEntry(
                "Update", "User", user.id, user.login, {"notifications": present}, {"notifications": settings}
            )
            await record(tx, user.network_id, change, now)
            if row is None:
                await tx.execute(
                    queries.INSERT_NOTIFICATIONS,
                    network_id=user.network_id,
                    user_id=user.id,
                    document=document.decode(),
                    last_modified_date=now,
                )
                return
            await tx.execute(
                queries.REPLACE_NOTIFICATIONS,
                of_network_id=user.network_id,
                of_user_id=user.id,
                new_document=document.decode(),
                now=max(now, row.last_modified_date + 1),
            )

        await self._store.write(work)
