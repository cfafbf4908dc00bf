"""Adds permissions to devices and removes them; the devices' documents follow."""

from __future__ import annotations

from signfleet.fleet.devices.permissions.documents import rewrite_permissions
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.identity.access.operations.definitions import DEVICE, EDIT_DEVICE_PERMISSIONS
from signfleet.identity.permission_lists import PermissionList
from signfleet.web.caller.session import Session


class DevicePermissions:
    """The permissions of single devices. Methods raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._devices = devices
        self.grants = PermissionList(
            store,
            "Device",
            lock=self._lock_to_grant,
            touch=rewrite_permissions,
            name_of=lambda row: row.serial,
            root=DEVICE,
            find=lambda tx, session, ref: devices.find(session, ref, tx=tx),
        )

    async def get(self, session: Session, segment: str) -> str:
        """All of a device as a JSON array, the newest first."""
        return await self._devices.part(session, segment, "permissions")

    async def _lock_to_grant(self, tx: Transaction, session: Session, segment: str) -> Row:
        found = await self._devices.find(session, segment, EDIT_DEVICE_PERMISSIONS, tx)
        return await self._devices.hold(tx, session, found, EDIT_DEVICE_PERMISSIONS)
