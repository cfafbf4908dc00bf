"""What clients send to change many devices, and what a dry run answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from signfleet.foundation.wire.types import Id
from signfleet.web.contract.patch import Changes

CommandName = Annotated[str, Meta(min_length=1, max_length=64)]
Arguments = Annotated[
    dict[str, Any], Meta(description="The arguments of the command, which depend on its name; at most 8 KiB.")
]


class TagEdits(msgspec.Struct):
    """Tags to set, whatever value they have now, and keys of tags to remove."""

    set: dict[str, Any] = {}
    remove: list[str] = []


class WantedGroup(msgspec.Struct):
    """A group by id or name."""

    id: int = 0
    name: str | None = None


class WantedCommand(msgspec.Struct, rename="camel", kw_only=True):
    """A command, and how it is spread over the devices."""

    name: CommandName
    arguments: Arguments | None = None
    lifetime: Annotated[int, Meta(ge=1, le=604_800, description="Seconds from its release to its end.")] | None = None
    at_once: Annotated[int, Meta(ge=1, le=100_000, description="How many may be unfinished at a time.")] | None = None
    stop_after: (
        Annotated[int, Meta(ge=1, le=100_000, description="Failures after which the rest is cancelled.")] | None
    ) = None
    jitter: Annotated[int, Meta(ge=0, le=86_400, description="Seconds over which a step is spread.")] = 0


class NewChange(msgspec.Struct, rename="camel", kw_only=True):
    """A filter and one action."""

    filter: str
    settings: Changes | msgspec.UnsetType = msgspec.UNSET
    group: WantedGroup | msgspec.UnsetType = msgspec.UNSET
    tags: TagEdits | msgspec.UnsetType = msgspec.UNSET
    delete: bool | msgspec.UnsetType = msgspec.UNSET
    command: WantedCommand | msgspec.UnsetType = msgspec.UNSET


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
