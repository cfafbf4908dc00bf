"""`/Devices/{device}/Permissions`: which users and roles may do what with a device."""

from __future__ import annotations

from signfleet.fleet.devices.permissions.service import DevicePermissions
from signfleet.fleet.devices.scopes import PREFIX
from signfleet.identity.access.operations.definitions import EDIT_DEVICE_PERMISSIONS, VIEW_DEVICE
from signfleet.identity.access.schemas import Permission
from signfleet.web.http.call import NO_CONTENT, Answer, Call
from signfleet.web.http.endpoint import Endpoints

PATH = "/{device}/Permissions/"

endpoints = Endpoints(PREFIX)


@endpoints.get(PATH, operation=VIEW_DEVICE, answer=list[Permission])
async def get_device_permissions(call: Call, device_permissions: DevicePermissions, device: str) -> Answer:
    """List the permissions of a device."""
    return Answer(body=(await device_permissions.get(call.session, device)).encode())


@endpoints.post(PATH, operation=EDIT_DEVICE_PERMISSIONS, body=list[Permission])
async def add_device_permissions(call: Call, device_permissions: DevicePermissions, device: str) -> Answer:
    """Add permissions to a device, which allow or deny operations to users and roles."""
    await device_permissions.grants.add_permissions(call.session, device, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(PATH, operation=EDIT_DEVICE_PERMISSIONS, body=list[Permission])
async def delete_device_permissions(call: Call, device_permissions: DevicePermissions, device: str) -> Answer:
    """Remove permissions from a device; operation and principal identify them."""
    await device_permissions.grants.remove_permissions(call.session, device, call.body, call.now)
    return NO_CONTENT
