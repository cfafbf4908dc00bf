"""Rewrites the permissions part of devices' documents when permissions, users or roles change."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.fleet.devices.document import next_moment, touch, write_part
from signfleet.fleet.devices.store import LOCK_DEVICE, LOCK_DEVICES, LockedDevice
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import DEVICE
from signfleet.identity.access.permission_store import ENTITIES_OF_PRINCIPAL


async def rewrite_permissions(tx: Transaction, row: LockedDevice, now: int) -> bool:
    """Writes the permissions part of a locked device's document; returns whether it has changed."""
    document = encode((await grants.of_entity(tx, row.network_id, DEVICE.entity, row.id))[::-1]).decode()
    if document == row.permissions:
        return False
    moment = next_moment(row, now)
    await write_part(tx, row, "permissions", document, moment)
    await touch(tx, row, moment)
    return True


class DevicePermissionDocuments:
    """Implements `PermissionDocuments` for devices."""

    async def rename(self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int) -> None:
        device_ids = await _locked(tx, network_id, principal_type, principal_id)
        await _rewrite(tx, network_id, device_ids, now)

    async def remove(self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int) -> None:
        device_ids = await _locked(tx, network_id, principal_type, principal_id)
        await grants.delete_of_principal(tx, network_id, principal_type, principal_id)
        await _rewrite(tx, network_id, device_ids, now)


async def _locked(tx: Transaction, network_id: int, principal_type: str, principal_id: int) -> list[int]:
    """Locks the devices that have permissions of a user or role; returns their ids.

    Lock order: devices before permissions, as in changes of a device.
    """
    rows = await tx.all(
        ENTITIES_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
        entity=DEVICE.entity,
    )
    device_ids = sorted(row.entity_id for row in rows)
    await tx.all(LOCK_DEVICES, network_id=network_id, ids=device_ids)
    return device_ids


async def _rewrite(tx: Transaction, network_id: int, device_ids: Sequence[int], now: int) -> None:
    for device_id in device_ids:
        row = await tx.one(LOCK_DEVICE, network_id=network_id, device_id=device_id)
        if row is not None:
            await rewrite_permissions(tx, row, now)
