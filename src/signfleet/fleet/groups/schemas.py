"""The Group entity, and the bodies that make and change one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.access.schemas import Permission
from signfleet.web.contract.paging import PagedList

Name = Annotated[str, msgspec.Meta(max_length=128)]
Description = Annotated[str, msgspec.Meta(max_length=4096)]


class Group(msgspec.Struct, rename="camel", kw_only=True):
    """Devices that belong together. A list of groups leaves `devices` null; counts are of what the caller may see."""

    id: Id
    name: str
    link: str | None = None
    description: str | None = None
    creation_date: DateTime
    last_modified_date: DateTime
    devices_count: int
    devices: list[DeviceReference] | None = None
    permissions: list[Permission]


class NewGroup(msgspec.Struct, rename="camel"):
    """What a group is made of; what else a Group entity holds may be sent and does not matter."""

    name: Name
    description: Description | None = None


class GroupChange(msgspec.Struct, rename="camel"):
    """What a PUT changes; what is left out stays. The `id` of another group is refused."""

    id: Id | None = None
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType | None = msgspec.UNSET


class GroupPage(PagedList):
    """A PagedList of groups."""

    items: list[Group]
