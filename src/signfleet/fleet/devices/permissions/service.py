"""Adds permissions to devices, removes them, and rewrites the devices' documents."""

from __future__ import annotations

from signfleet.fleet.devices.permissions.documents import rewrite_permissions
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import LockedDevice
from signfleet.foundation.storage.interface import Store, Transaction
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
            find=self._find,
        )

    async def get(self, session: Session, ref: str) -> str:
        """Returns the permissions of a device as a JSON array, the newest first."""
        return await self._devices.part(session, ref, "permissions")

    async def _find(self, session: Session, ref: str) -> tuple[int, str]:
        found = await self._devices.find(session, ref)
        return found.id, found.serial

    async def _lock_to_grant(self, tx: Transaction, session: Session, ref: str) -> LockedDevice:
        found = await self._devices.find(session, ref, EDIT_DEVICE_PERMISSIONS, tx)
        return await self._devices.lock(tx, session, found, EDIT_DEVICE_PERMISSIONS)
