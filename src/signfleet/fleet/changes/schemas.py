"""What clients send to change many devices, and what a dry run answers."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.foundation.wire.types import Id
from signfleet.web.contract.patch import Changes


class TagEdits(msgspec.Struct):
    """Tags to set, whatever value they have now, and keys of tags to remove."""

    set: dict[str, Any] = {}
    remove: list[str] = []


class WantedGroup(msgspec.Struct):
    """A group by id or name."""

    id: int = 0
    name: str | None = None


class NewChange(msgspec.Struct, rename="camel", kw_only=True):
    """A filter and one action."""

    filter: str
    settings: Changes | msgspec.UnsetType = msgspec.UNSET
    group: WantedGroup | msgspec.UnsetType = msgspec.UNSET
    tags: TagEdits | msgspec.UnsetType = msgspec.UNSET
    delete: bool | msgspec.UnsetType = msgspec.UNSET
    command: Any = msgspec.UNSET


class Example(msgspec.Struct, rename="camel", kw_only=True):
    """What would happen to one device: old and new values by path, or why it would fail."""

    id: Id
    serial: str
    before: dict[str, Any]
    after: dict[str, Any]
    error: str | None


class DryRun(msgspec.Struct, rename="camel", kw_only=True):
    """How many devices a filter matches, and what would happen to the first ones."""

    count: int
    examples: list[Example]
