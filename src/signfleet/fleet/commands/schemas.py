"""The Command and CommandBatch entities, and the bodies about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from signfleet.fleet.changes.schemas import Arguments, CommandName, WantedCommand
from signfleet.fleet.commands.kinds import Group
from signfleet.fleet.devices.schemas import Entity
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.wire.types import DateTime, Id, Long
from signfleet.web.contract.paging import PagedList

State = Literal[
    "queued", "sent", "running", "succeeded", "failed", "rejected", "expired", "cancelled", "lost"
]  # fmt: skip
#: What a player may say.
PlayerState = Literal["running", "succeeded", "failed", "rejected"]
BatchState = Literal["creating", "running", "finished", "stopped", "cancelled"]

#: Bytes of the result of a command as JSON.
RESULT_LIMIT = 65_536

Message = Annotated[str, Meta(max_length=1024)]
ExpiresAt = Annotated[DateTime, Meta(description="Until when the player may begin; default: 10 minutes or 7 days.")]


class NewCommand(Entity):
    """A command to one device, by its id or serial."""

    device: Annotated[str, Meta(min_length=1, max_length=64)] | Id
    name: CommandName
    arguments: Arguments | None = None
    expires_at: ExpiresAt | None = None


class NewBatch(WantedCommand):
    """A command to all devices that a filter matches."""

    filter: Annotated[str, Meta(min_length=1, max_length=8192)]


class CommandFile(Entity):
    """A file that a player has sent with a command; its size is in bytes."""

    name: str
    size: Long
    media_type: str
    arrival_date: DateTime


class Command(Entity):
    """A command to a device. Secret arguments are masked."""

    id: Id
    device: DeviceReference
    name: str
    group: Group
    arguments: Any
    state: State
    message: str | None
    created_by: str
    creation_date: DateTime
    release_date: DateTime | None
    expires_at: DateTime
    sent_date: DateTime | None
    start_date: DateTime | None
    end_date: DateTime | None
    batch: Id | None


class CommandDetails(Command):
    """A command with what the player has answered."""

    result: Any
    files: list[CommandFile]


class CommandPage(PagedList):
    """A PagedList of commands."""

    items: list[Command]


class StateCounts(Entity):
    """How many commands are in each state."""

    queued: int = 0
    sent: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    rejected: int = 0
    expired: int = 0
    cancelled: int = 0
    lost: int = 0


class CommandBatch(Entity):
    """A command to all devices that a filter matched.

    `total` counts its commands, `skipped` the devices that have an unfinished one already, or too many others, and
    `unable` those whose players cannot do it.
    """

    id: Id
    name: str
    group: Group
    arguments: Any
    filter: str
    created_by: str
    creation_date: DateTime
    at_once: int | None
    stop_after: int | None
    jitter: int
    state: BatchState
    total: int
    skipped: int
    unable: int
    end_date: DateTime | None
    states: StateCounts


class BatchPreview(Entity):
    """What a batch would do: how many devices there are, ten of them, and how many of all cannot do the command."""

    count: int
    unable: int
    examples: list[DeviceReference]


class CommandBatches(Entity):
    """A page of the batches of a network, the newest first."""

    items: list[CommandBatch]
    next_marker: str | None


class CommandRules(Entity):
    """What a network allows."""

    danger_allowed: bool


class CommandKind(Entity):
    """A command that operators can send: its group, the operation that it needs, and the schema of its arguments.

    `can` is there if a device was named: whether its player can do the command, or has never said what it can do.
    """

    name: str
    group: Group
    operation: str
    lifetime: Annotated[int, Meta(description="Seconds until it expires by default.")]
    coalesces: Annotated[bool, Meta(description="A device has at most one unfinished one.")]
    arguments: Annotated[dict[str, Any], Meta(description="JSON Schema of the arguments.")]
    can: bool | UnsetType = UNSET


class PendingCommand(Entity):
    """A command as the player gets it."""

    id: Id
    name: str
    arguments: Any
    created_at: DateTime
    expires_at: DateTime


class Progress(Entity):
    """What a player says of a command."""

    state: PlayerState
    message: Message | None = None
    result: Annotated[Any, Meta(description="Any JSON of at most 64 KiB.")] = None


class Acknowledged(Entity):
    """The state of a command after what a player said of it."""

    id: Id
    state: State


class StoredFile(Entity):
    """A stored file of a command; its size is in bytes."""

    name: str
    size: Long


class RelayedRequest(Entity):
    """A request to a web server on the player."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    route: Annotated[str, Meta(min_length=1, max_length=1024)]
    data: Any = None


class RelayedAnswer(Entity):
    """What the player answered: whether it could do it, a message, and data."""

    state: State
    message: str | None
    result: Any | UnsetType = UNSET
