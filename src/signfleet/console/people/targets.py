"""What the editor of permissions works on: a user or role with general permissions, or one player or group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.console.translations import later
from signfleet.fleet.devices.permissions.service import DevicePermissions
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.groups.service import Groups
from signfleet.foundation.errors import Forbidden, NotFound
from signfleet.identity.access.operations.definitions import (
    DEVICE,
    EDIT_DEVICE_PERMISSIONS,
    EDIT_GROUP_PERMISSIONS,
    EDIT_ROLE_PERMISSIONS,
    EDIT_USER_PERMISSIONS,
    GROUP,
    ROOTS,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_ROLE,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission, Principal
from signfleet.identity.permission_lists import PermissionList
from signfleet.identity.roles.service import Roles
from signfleet.identity.users.administration import UserAdministration
from signfleet.identity.users.service import Users
from signfleet.web.caller.session import Session


class Kind(NamedTuple):
    """What may have permissions. `root`: the tree of operations on a single one; None: a user or role."""

    name: str
    view: Operation
    edit: Operation
    root: Operation | None
    back: str
    api: str


KINDS: Final[Mapping[str, Kind]] = {
    "users": Kind(later("User"), VIEW_USER, EDIT_USER_PERMISSIONS, None, "/console/people/users/{}/", "Users"),
    "roles": Kind(later("Role"), VIEW_ROLE, EDIT_ROLE_PERMISSIONS, None, "/console/people/roles/{}/", "Roles"),
    "devices": Kind(later("Player"), VIEW_DEVICE, EDIT_DEVICE_PERMISSIONS, DEVICE, "/console/players/{}/", "Devices"),
    "groups": Kind(
        later("Group"), VIEW_GROUP, EDIT_GROUP_PERMISSIONS, GROUP, "/console/people/permissions/", "Groups/Regular"
    ),
}


class Target(NamedTuple):
    """One of them. `principal` is the user or role itself."""

    kind: str
    id: int
    name: str
    permissions: list[Permission]
    principal: Principal | None = None
    is_fixed: bool = False

    @property
    def general(self) -> list[Permission]:
        """Returns the permissions for everything, apart from fixed ones."""
        return [each for each in self.permissions if each.entity_id is None]


class Targets:
    """Finds targets as a session may see them, and whether it may change their permissions."""

    def __init__(
        self,
        permissions: Permissions,
        *,
        user_administration: UserAdministration,
        users: Users,
        roles: Roles,
        devices: Devices,
        groups: Groups,
        device_permissions: DevicePermissions,
    ) -> None:
        self._permissions = permissions
        self._user_administration = user_administration
        self._users = users
        self._roles = roles
        self._devices = devices
        self._groups = groups
        self._device_permissions = device_permissions

    def grants(self, kind: str) -> PermissionList[Any]:
        """Returns the list of permissions of a kind."""
        lists: dict[str, PermissionList[Any]] = {
            "users": self._user_administration.grants,
            "roles": self._roles.grants,
            "groups": self._groups.grants,
            "devices": self._device_permissions.grants,
        }
        return lists[kind]

    async def find(self, session: Session, kind: str, ref: str) -> Target:
        """Returns a target by id or name. Raises `NotFound`, and `Forbidden` for what the caller may not see."""
        if kind not in KINDS:
            raise NotFound(f"There are no permissions of '{kind}', only of {', '.join(KINDS)}.")
        await self._permissions.require(session, KINDS[kind].view)
        if kind == "users":
            row = await self._user_administration.row(session, ref)
            stated = await self._user_administration.permissions(session, ref)
            principal = Principal(login=row.login, type="User", id=row.id)
            return Target(kind, row.id, row.login, [each for each in stated if not each.is_fixed], principal)
        if kind == "roles":
            role = await self._roles.get(session, ref)
            principal = Principal(name=role.name, is_custom=role.is_custom, type="Role", id=role.id)
            return Target(kind, role.id, role.name, role.permissions, principal, not role.is_custom)
        if kind == "groups":
            id_, name = await self._groups.find(session, ref)
            return Target(kind, id_, name, await self._groups.permissions(session, str(id_)))
        found = await self._devices.find(session, ref)
        text = await self._device_permissions.get(session, ref)
        return Target(kind, found.id, found.serial, msgspec.json.decode(text, type=list[Permission]))

    async def may_edit(self, session: Session, target: Target) -> bool:
        """Returns whether the caller may change the permissions."""
        if target.is_fixed:
            return False
        edit = KINDS[target.kind].edit
        if target.kind == "roles":
            return await self._permissions.allows(session, edit)
        return await self._permissions.allows_on(session, edit, target.id)

    async def require_to_edit(self, session: Session, target: Target) -> None:
        """Raises `Forbidden` unless the caller may change the permissions."""
        if not await self.may_edit(session, target):
            raise Forbidden(f"You are not allowed to change the permissions of '{target.name}'.")

    async def effective(self, session: Session, target: Target) -> dict[str, bool]:
        """Returns what a user or role may do in general, by the uid of the operation."""
        every = [operation for root in ROOTS.values() for operation in root]
        if target.kind == "users":
            row = await self._user_administration.row(session, str(target.id))
            member = await self._users.session_of(row)
            return {each.uid: await self._permissions.allows(member, each) for each in every}
        stated = {each.operation_uid: each.is_allowed for each in target.general}
        return {
            each.uid: next((stated[above.uid] for above in each.lineage if above.uid in stated), False)
            for each in every
        }

    async def principal(self, session: Session, ref: str) -> Principal:
        """Returns a role by name, or a user by login. Raises `NotFound`."""
        for id_, name in (await self._roles.names(session.network)).items():
            if name.casefold() == ref.casefold():
                return Principal(type="Role", id=id_)
        try:
            row = await self._user_administration.row(session, ref)
        except NotFound:
            raise NotFound(f"'principal': there is no role and no user '{ref}' in this network.") from None
        return Principal(type="User", id=row.id)
