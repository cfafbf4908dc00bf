"""The decisions of operators about joining: releases, blocked serials, players of protocol version 1."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Final

import msgspec

from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import DEVICE_BY_SERIAL
from signfleet.fleet.joining import secrets
from signfleet.fleet.joining import store as queries
from signfleet.fleet.joining.schemas import BlockedSerial, BlockedSerials, JoiningRules
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import NONE, Precondition, version_of

#: How far ahead the end of the transition from protocol 1 may be, in ms.
TRANSITION_LIMIT: Final = 366 * DAY
#: Where players join by their record; the join key follows.
JOIN_PATH: Final = "/player/v1/join/"
JOIN_KEY_BYTES: Final = 16


class Joining:
    """Releases devices, unblocks serials, and sets which players may register without a secret."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._store = store
        self._devices = devices
        self._permissions = permissions

    async def scope(self, session: Session) -> Scope:
        """Returns the scope of blocked serials whose devices the caller could see before they were deleted."""
        return await self._permissions.scope_with_former(session, VIEW_DEVICE, queries.BLOCKED_DEVICE_ID)

    async def release(self, session: Session, ref: str, now: int) -> None:
        """Lets the next player with a setup token and its serial become a device. Raises `NotFound` or `Forbidden`."""
        found = await self._devices.find(session, ref, SETUP_DEVICE)

        async def work(tx: Transaction) -> None:
            device = await self._devices.lock(tx, session, found, SETUP_DEVICE)
            await _release(tx, session.network, device.id, device.serial, now)

        await self._store.write(work)

    async def release_serial(self, network_id: int, serial: str, now: int) -> None:
        """Releases a device of a network by its serial. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            device = await tx.one(DEVICE_BY_SERIAL, network_id=network_id, serial_key=fold(serial))
            if device is None:
                raise NotFound.in_network("device", serial)
            await _release(tx, network_id, device.id, device.serial, now)

        await self._store.write(work)

    async def blocked(
        self, network_id: int, marker: str | None, size: int, scope: Scope = EVERYTHING
    ) -> BlockedSerials:
        """Lists a page of the blocked serials of a network that a scope admits, by serial."""
        page = {"network_id": network_id, "after_key": fold(marker or ""), "count": size + 1}
        rows = await self._store.scan_all(queries.blocks(scope), **page, **scope.parameters)
        items = [BlockedSerial(serial=row.serial, date=datetime.format(row.date)) for row in rows[:size]]
        return BlockedSerials(items=items, next_marker=items[-1].serial if len(rows) > size else None)

    async def unblock(self, network_id: int, serial: str, now: int, scope: Scope = EVERYTHING) -> None:
        """Unblocks the serial of a deleted device that a scope admits. Raises `NotFound`."""
        query, this = queries.unblock(scope), {"network_id": network_id, "serial_key": fold(serial)}

        async def work(tx: Transaction) -> None:
            if not await tx.execute(query, **this, **scope.parameters):
                raise NotFound(f"The serial number '{serial}' is not blocked in this network.")
            await record(tx, network_id, AuditEntry("Unlock", "Serial", name=serial), now)

        await self._store.write(work)

    async def rules(self, network_id: int, base_url: str = "") -> JoiningRules:
        """Returns the joining rules of a network, with the join address at `base_url`. Raises `NotFound`."""
        row = await self._store.one(queries.RULES, network_id=network_id)
        if row is None:
            raise NotFound("The network is gone.")
        rules = _rules(row.protocol_1_until, row.join_key)
        rules.join_address = None if row.join_key is None else f"{base_url}{JOIN_PATH}{row.join_key}"
        return rules

    async def set_rules(
        self, network_id: int, rules: JoiningRules, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces the joining rules of a network. Raises `Stale`, and `Invalid` for a date too far ahead."""
        try:
            until = None if rules.protocol_1_until is None else datetime.parse(rules.protocol_1_until)
        except ValueError as error:
            raise Invalid(f"'protocol1Until': {error}.") from error
        if until is not None and until > now + TRANSITION_LIMIT:
            raise Invalid(
                f"'protocol1Until': at most {TRANSITION_LIMIT // DAY} days from now, because until then anybody with"
                " a setup token can take over a device that has not sent its secret."
            )

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_RULES, network_id=network_id)
            if row is None:
                raise NotFound("The network is gone.")
            precondition.check_version(version_of_rules(_rules(row.protocol_1_until, row.join_key)))
            key = row.join_key
            if rules.joins_by_record is not msgspec.UNSET:
                key = (key or token_urlsafe(JOIN_KEY_BYTES)) if rules.joins_by_record else None
            await tx.execute(queries.SET_RULES, id_=network_id, until=until, new_join_key=key)
            before, after = _rules(row.protocol_1_until, row.join_key), _rules(until, key)
            await record(tx, network_id, AuditEntry("Update", "Network", network_id, row.name, before, after), now)

        await self._store.write(work)


def version_of_rules(rules: JoiningRules) -> str:
    """Returns the version of joining rules; their address is not part of it, because a proxy may change it."""
    return version_of([rules.protocol_1_until, rules.joins_by_record])


def _rules(until: int | None, join_key: str | None) -> JoiningRules:
    """Returns rules without the join address, as the audit trail shows them."""
    protocol_1_until = None if until is None else datetime.format(until)
    return JoiningRules(protocol_1_until=protocol_1_until, joins_by_record=join_key is not None)


async def _release(tx: Transaction, network_id: int, device_id: int, serial: str, now: int) -> None:
    secret = await secrets.lock(tx, network_id, device_id)
    await secrets.save(tx, network_id, device_id, secret.released())
    await tx.execute(queries.END_SESSIONS, in_network=network_id, of_device=device_id)
    await record(tx, network_id, AuditEntry("Release", "Device", device_id, serial), now)
