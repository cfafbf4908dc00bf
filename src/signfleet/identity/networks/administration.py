"""Changes a network's settings and level for its administrators."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from signfleet.foundation.errors import Forbidden, Invalid, NotFound, Stale
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.datetime import next_moment
from signfleet.identity.access.operations.definitions import UPDATE_NETWORK_SETTINGS, UPDATE_NETWORK_SUBSCRIPTION
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks import store as queries
from signfleet.identity.networks.levels import change_level, check_level
from signfleet.identity.networks.schemas import NetworkSettings, last_change, network_of, settings_of
from signfleet.identity.networks.service import columns_of
from signfleet.identity.networks.store import NetworkRow
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import Precondition
from signfleet.web.contract.patch import Document, converted

#: A change is retried if another one of the same network commits first.
ATTEMPTS = 5


class LevelChange(msgspec.Struct):
    """The members of a subscription that a change may set."""

    level: str


class NetworkChange(msgspec.Struct):
    """The members of a Network entity that a change may set."""

    settings: NetworkSettings
    subscription: LevelChange | None


class NetworkAdministration:
    """Changes networks as far as the caller's role in them allows it."""

    def __init__(self, store: Store, permissions: Permissions, settings: Settings) -> None:
        self._store = store
        self._permissions = permissions
        self._trial = settings.trial_days * timespan.DAY

    async def change(
        self,
        session: Session,
        network: NetworkRow,
        edit: Callable[[Document], Document],
        *,
        precondition: Precondition,
        now: int,
        date: Callable[[NetworkRow], int] = last_change,
    ) -> None:
        """Changes a network to what `edit` makes of its entity, all or nothing.

        `date` returns when the part that `precondition` is about changed last. Raises `Invalid` naming what does not
        fit, `Stale`, and `Forbidden`.
        """
        for _ in range(ATTEMPTS):
            precondition.check(date(network), date(network))
            wanted = converted(edit(msgspec.to_builtins(network_of(network))), NetworkChange)
            if wanted.subscription is None:
                raise Invalid("'subscription': a network always has a subscription; change its 'level'.")
            await self._demand(session, network, wanted)
            if await self._write(network, wanted, now):
                return
            row = await self._store.one(queries.NETWORK_BY_ID, id=network.id)
            if row is None:
                raise NotFound("The network has been deleted.")
            network = row
        raise Stale("Other requests keep changing the network; try again.")

    async def _demand(self, session: Session, network: NetworkRow, wanted: NetworkChange) -> None:
        """Raises `Forbidden` unless the caller's role in this network, which need not be the chosen one, allows it."""
        if network.is_locked_out:
            raise Forbidden(f"The network '{network.name}' is locked out.")
        user = await self._store.one(queries.MEMBER, network_id=network.id, person_id=session.person_id)
        if user is None:
            raise NotFound("You are no longer a member of this network.")
        member = msgspec.structs.replace(
            session, network_id=network.id, user_id=user.id, role_id=user.role_id, has_permissions=True
        )
        if _changed_settings(network, wanted):
            await self._permissions.require_on(member, UPDATE_NETWORK_SETTINGS, network.id)
        if wanted.subscription is not None and check_level(wanted.subscription.level) != network.level:
            await self._permissions.require_on(member, UPDATE_NETWORK_SUBSCRIPTION, network.id)

    async def _write(self, network: NetworkRow, wanted: NetworkChange, now: int) -> bool:
        """Writes the change; returns False if the network has changed since `network` was read."""
        settings = _changed_settings(network, wanted)

        async def work(tx: Transaction) -> bool:
            await tx.one(queries.LOCK_NETWORK, id=network.id)
            present = await tx.one(queries.NETWORK_BY_ID, id=network.id)
            if present is None or last_change(present) != last_change(network):
                return False
            if settings:
                values = {f"new_{column}": getattr(present, column) for column in queries.SETTINGS}
                values |= {f"new_{column}": value for column, value in settings.items()}
                modified = next_moment(last_change(present), now)
                await tx.execute(queries.UPDATE_SETTINGS, id_=network.id, now=modified, **values)
                before, after = {"settings": settings_of(present)}, {"settings": wanted.settings}
                await record(
                    tx, network.id, AuditEntry("Update", "Network", network.id, network.name, before, after), now
                )
                event = recording.Event(kinds.NetworkSettingsChanged())
                await recording.record(tx, network.id, event, now=now)
            if wanted.subscription is not None:
                await change_level(tx, network.id, wanted.subscription.level, now, trial=self._trial, by_member=True)
            return True

        return await self._store.write(work)


def _changed_settings(network: NetworkRow, wanted: NetworkChange) -> dict[str, int | bool]:
    return {column: value for column, value in columns_of(wanted.settings).items() if getattr(network, column) != value}
