"""The contract's Permission and Principal entities."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id


class Principal(msgspec.Struct, rename="camel", kw_only=True):
    """The user, named by `login`, or role, named by `name`, that has a permission."""

    login: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    is_custom: bool | msgspec.UnsetType = msgspec.UNSET
    type: Literal["User", "Role"]
    id: Id


class Permission(
    msgspec.Struct,
    rename={
        "operation_uid": "operationUID",
        "entity_id": "entityId",
        "is_fixed": "isFixed",
        "is_inherited": "isInherited",
        "is_allowed": "isAllowed",
        "creation_date": "creationDate",
    },
    kw_only=True,
):
    """A business operation allowed or denied to a principal; `entity_id` is null unless it is for one instance."""

    entity_id: Id | None = None
    operation_uid: str
    principal: Principal
    is_fixed: bool = False
    is_inherited: bool = False
    is_allowed: bool
    creation_date: DateTime | None = None
