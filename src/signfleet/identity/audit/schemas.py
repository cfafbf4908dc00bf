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
    # Of entries from before these two had names of their own.
    "Permit",
    "Forbid",
    "Release",
    "Refuse",
    "SignIn",
    "SignInFailure",
    "SignInThrottled",
]
AuditedEntity = Literal[
    "Application",
    "Device",
    "Group",
    "Network",
    "Permission",
    "Person",
    "Profile",
    "Role",
    "Serial",
    "Session",
    "Subscription",
    "Tag",
    "Token",
    "User",
]


class AuditRecord(msgspec.Struct, rename="camel", kw_only=True):
    """One change. `before` and `after` hold what differs, with secrets masked; null where there was, or is, nothing."""

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


class AuditPage(PagedList):
    """A PagedList of them."""

    items: list[AuditRecord]
