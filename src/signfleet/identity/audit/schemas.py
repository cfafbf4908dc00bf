"""An entry of the audit trail."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id
from signfleet.web.contract.paging import PagedList

Action = Literal[
    "Create",
    "Update",
    "Delete",
    "Lock",
    "Unlock",
    "Revoke",
    "AddPermissions",
    "RemovePermissions",
    # Only in entries of earlier versions, for the two above.
    "Permit",
    "Forbid",
    "Release",
    "Refuse",
    "SignIn",
    "SignInFailure",
    "SignInThrottled",
]
AuditedEntity = Literal[
    "Alert",
    "AlertRule",
    "Application",
    "Command",
    "CommandBatch",
    "Device",
    "Group",
    "MaintenanceWindow",
    "Message",
    "Job",
    "Network",
    # No entry has it, but filters may name it: to remove it would refuse them.
    "Permission",
    "Person",
    "Profile",
    "Role",
    "Serial",
    "Session",
    "Setup",
    "SetupRecord",
    "Subscription",
    "Tag",
    "Token",
    "User",
    "WallLink",
    "Webhook",
]


class AuditRecord(msgspec.Struct, rename="camel", kw_only=True):
    """One change. `before` and `after` are the members that differ, secrets masked; null if there was or is nothing.

    `deviceId` is the device that the change is about, such as that of a command.
    """

    id: Id
    date: DateTime
    actor: str
    address: str | None
    action: Action
    entity: AuditedEntity
    entity_id: Id | None
    name: str | None
    before: Any
    after: Any
    device_id: Id | None


class AuditPage(PagedList):
    """A PagedList of audit records."""

    items: list[AuditRecord]
