"""Which events a user is told of: the User Notification Settings entity."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from signfleet.foundation.errors import NotFound, TooLarge
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users import store as queries
from signfleet.web.contract.patch import converted, merged

TEMPLATE_LIMIT: Final = 65_536
#: Of all templates of a user, in bytes of JSON.
TEMPLATES_LIMIT: Final = 131_072

#: The events, in the contract's order. Of most there are two: for one device and for several at once.
EVENTS: Final = (
    "networkSuspending",
    "networkSuspended",
    "networkSubscriptionUpgraded",
    "networkTrialPeriodStarted",
    "networkTrialPeriodExpiring",
    "networkTrialPeriodExpired",
    "deviceFailure",
    "devicesFailure",
    "deviceDisconnected",
    "devicesDisconnected",
    "subscriptionCreated",
    "subscriptionsCreated",
    "subscriptionQueued",
    "subscriptionsQueued",
    "graceSubscriptionExpiring",
    "graceSubscriptionsExpiring",
    "demoSubscriptionExpiring",
    "demoSubscriptionsExpiring",
    "subscriptionExpiring",
    "subscriptionsExpiring",
    "subscriptionExpired",
    "subscriptionsExpired",
    "subscriptionSuspending",
    "subscriptionsSuspending",
    "subscriptionSuspended",
    "subscriptionsSuspended",
)
_SUSPENDED: Final = {"networkSuspended", "subscriptionSuspended", "subscriptionsSuspended"}
_ADMINISTRATORS: Final = _SUSPENDED | {
    "networkSubscriptionUpgraded",
    "networkTrialPeriodStarted",
    "networkTrialPeriodExpiring",
    "networkTrialPeriodExpired",
}

Template = Annotated[str, msgspec.Meta(max_length=TEMPLATE_LIMIT, description="The mail's text; null for ours.")]

NotificationSettings = msgspec.defstruct(
    "NotificationSettings",
    [
        field
        for event in EVENTS
        for field in ((f"{event}NotificationEnabled", bool), (f"{event}NotificationTemplate", Template | None))
    ],
    module=__name__,
)


def defaults(role_id: int | None) -> dict[str, Any]:
    """What a user is told of who has not chosen: administrators of more than others."""
    enabled = _ADMINISTRATORS if role_id == ADMINISTRATORS.id else _SUSPENDED
    document: dict[str, Any] = {}
    for event in EVENTS:
        document[f"{event}NotificationEnabled"] = event in enabled
        document[f"{event}NotificationTemplate"] = None
    return document


class Notifications:
    """Reads and changes what users are told of."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, user: Row) -> bytes:
        """The entity as JSON."""
        row = await self._store.one(queries.NOTIFICATIONS, network_id=user.network_id, user_id=user.id)
        return msgspec.json.encode(defaults(user.role_id)) if row is None else row.document.encode()

    async def put(self, user: Row, partial: dict[str, Any], now: int) -> None:
        """Change what `partial` names. Raises `Invalid` with the place of what does not fit, `NotFound`."""

        async def work(tx: Transaction) -> None:
            if await tx.one(queries.HOLD_ALONE, network_id=user.network_id, id=user.id) is None:
                raise NotFound(f"There is no user {user.id} any more.")
            row = await tx.one(queries.NOTIFICATIONS, network_id=user.network_id, user_id=user.id)
            present = defaults(user.role_id) if row is None else msgspec.json.decode(row.document)
            settings = converted(merged(present, partial), NotificationSettings)
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
