"""The Role entity and the bodies that create and change one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from signfleet.foundation.wire.types import DateTime, Id, UShort
from signfleet.identity.access.schemas import Permission
from signfleet.web.contract.paging import PagedList

Name = Annotated[str, msgspec.Meta(max_length=128)]
Description = Annotated[str, msgspec.Meta(max_length=4096)]


class RoleMember(msgspec.Struct):
    """A user of a role."""

    id: Id
    type: str
    login: str


class Role(msgspec.Struct, rename="camel", kw_only=True):
    """A set of permissions that users can have."""

    id: Id
    is_custom: bool
    name: str
    description: str
    creation_date: DateTime
    user_count: UShort
    users: list[RoleMember] | None
    permissions: list[Permission]


class NewRole(msgspec.Struct, rename="camel"):
    """The body that creates a custom role; the other members of a Role entity are ignored."""

    name: Name
    description: Description | None = None
    permissions: list[Permission] | None = None


class RoleChange(msgspec.Struct, rename="camel"):
    """The body that changes a role; omitted properties stay. The `id` of another role is refused."""

    id: Id | None = None
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType | None = msgspec.UNSET


class RolePage(PagedList):
    """A PagedList of roles."""

    items: list[Role]
