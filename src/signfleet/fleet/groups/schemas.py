"""The Group entity, and the bodies that create and update one."""

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
    """A group of devices. In lists, `devices` is null; only devices that the caller may see count."""

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
    """The body that creates a group; other properties of a Group entity are ignored."""

    name: Name
    description: Description | None = None


class GroupChange(msgspec.Struct, rename="camel"):
    """The body that updates a group; what it leaves out stays. The `id` has to be the group's own."""

    id: Id | None = None
    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType | None = msgspec.UNSET


class GroupPage(PagedList):
    """A PagedList of groups."""

    items: list[Group]
