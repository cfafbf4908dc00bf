"""Adds permissions to devices and takes them away; what a device tells of them follows."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.access import grants
from signfleet.access.operations.catalogue import DEVICE, EDIT_DEVICE_PERMISSIONS
from signfleet.access.permission_store import ENTITIES_OF_PRINCIPAL
from signfleet.access.sessions import Session
from signfleet.devices.keeping import keep_part, next_moment, touch
from signfleet.devices.service import Devices
from signfleet.devices.store import DEVICE_TO_CHANGE, HELD_AMONG
from signfleet.permission_lists import PermissionList
from signfleet.storage.interface import Row, Store, Transaction
from signfleet.wire.json import encode


class DevicePermissions:
    """The permissions of single devices. Methods raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._devices = devices
        self.grants = PermissionList(
            store, "Device", lock=self._lock_to_grant, touch=_tell, name_of=lambda row: row.serial, root=DEVICE
        )

    async def get(self, session: Session, segment: str) -> str:
        """All of a device as a JSON array, the newest first."""
        return await self._devices.part(session, segment, "permissions")

    async def _lock_to_grant(self, tx: Transaction, session: Session, segment: str) -> Row:
        found = await self._devices.find(session, segment, EDIT_DEVICE_PERMISSIONS, tx)
        return await self._devices.hold(tx, session, found, EDIT_DEVICE_PERMISSIONS)


async def devices_of_principal(tx: Transaction, network_id: int, principal_type: str, principal_id: int) -> list[int]:
    """The devices with permissions of a user or role, in the order in which devices are held."""
    rows = await tx.all(
        ENTITIES_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
        entity=DEVICE.entity,
    )
    return sorted(row.entity_id for row in rows)


async def retell(tx: Transaction, network_id: int, device_ids: Sequence[int], now: int) -> None:
    """Let devices tell of their permissions as they are now."""
    for device_id in device_ids:
        row = await tx.one(DEVICE_TO_CHANGE, network_id=network_id, device_id=device_id)
        if row is not None:
            await _tell(tx, row, now)


async def forget_principal(tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int) -> None:
    """A user or role is gone: remove what was said to them, wherever that was."""
    told = await devices_of_principal(tx, network_id, principal_type, principal_id)
    # The devices first, as whoever changes what is said of one of them has them.
    await tx.all(HELD_AMONG, network_id=network_id, ids=told)
    await grants.forget_principal(tx, network_id, principal_type, principal_id)
    await retell(tx, network_id, told, now)


async def _tell(tx: Transaction, row: Row, now: int) -> bool:
    """Bring what the device tells of its permissions up to date; says whether anything has changed."""
    document = encode((await grants.read(tx, row.network_id, DEVICE.entity, row.id))[::-1]).decode()
    if document == row.permissions:
        return False
    moment = next_moment(row, now)
    await keep_part(tx, row, "permissions", document, moment)
    await touch(tx, row, moment)
    return True
