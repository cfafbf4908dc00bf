"""`/Devices/{device}/Permissions`: who may do what with a device."""

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
    """Allow or deny operations on a device to users and roles."""
    await device_permissions.grants.add_permissions(call.session, device, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(PATH, operation=EDIT_DEVICE_PERMISSIONS, body=list[Permission])
async def delete_device_permissions(call: Call, device_permissions: DevicePermissions, device: str) -> Answer:
    """Take permissions of a device away; the same are those with operation and principal alike."""
    await device_permissions.grants.remove_permissions(call.session, device, call.body, call.now)
    return NO_CONTENT
