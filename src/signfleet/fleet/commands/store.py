"""The SQL of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, case, func, or_, select

from signfleet.fleet.commands.kinds import Group
from signfleet.fleet.commands.schemas import State
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query, among, with_id
from signfleet.foundation.storage.tables import command, device, screenshot

#: The column that permissions for single devices refer to.
DEVICE_ID = command.c.device_id
_NETWORK = command.c.network_id == bindparam("network_id")
#: Has no outcome yet. The text is that of the partial index.
_UNFINISHED = command.c.end_date.is_(None)
_THIS = with_id(command.c.id)
#: The player has not begun it.
_WAITS = or_(command.c.state == "queued", command.c.state == "sent")


class CommandRow(Protocol):
    """A command without its result."""

    id: int
    network_id: int
    device_id: int
    serial: str
    name: str
    command_group: Group
    #: JSON
    arguments: str
    state: State
    author: str
    creation_date: int
    release_date: int | None
    expiration_date: int
    sent_date: int | None
    start_date: int | None
    end_date: int | None
    message: str | None
    batch_id: int | None


COLUMNS = (
    command.c.id,
    command.c.network_id,
    command.c.device_id,
    command.c.serial,
    command.c.name,
    command.c.command_group,
    command.c.arguments,
    command.c.state,
    command.c.author,
    command.c.creation_date,
    command.c.release_date,
    command.c.expiration_date,
    command.c.sent_date,
    command.c.start_date,
    command.c.end_date,
    command.c.message,
    command.c.batch_id,
)


class AnsweredCommand(CommandRow, Protocol):
    #: JSON
    result: str | None


_command = select(*COLUMNS).where(_NETWORK)
COMMAND = Query(
    select(*COLUMNS, command.c.result).where(_NETWORK, command.c.id == bindparam("command_id")), AnsweredCommand
)
COMMANDS_AMONG = Query(
    select(*COLUMNS, command.c.result).where(_NETWORK, among(command.c.id, "ids")).order_by(command.c.id),
    AnsweredCommand,
)


class StoredPicture(Protocol):
    blob: str


PICTURE = Query(
    select(screenshot.c.blob).where(
        screenshot.c.network_id == bindparam("network_id"), screenshot.c.id == bindparam("picture_id")
    ),
    StoredPicture,
)
#: Locks a command until the transaction ends. Lock order: the device before its commands.
LOCK_COMMAND = Query(_command.where(command.c.id == bindparam("command_id")).with_for_update(), CommandRow)
#: Of a new command: the columns of what happens to it later are null.
INSERT = Query(
    command.insert(),
    columns=[
        column.name
        for column in command.c
        if column.name not in ("sent_date", "start_date", "end_date", "message", "result")
    ],
)


def visible(devices: Scope, groups: Mapping[Group, Scope]) -> Scope:
    """Returns the scope of commands to `devices` that a caller could send: those of each group in its scope."""
    if all(not scope.conditions for scope in groups.values()):
        return devices
    sendable = or_(*(and_(command.c.command_group == group, *scope.conditions) for group, scope in groups.items()))
    name = " | ".join(f"{group}: {scope.name}" for group, scope in groups.items())
    parameters = {key: value for scope in groups.values() for key, value in scope.parameters.items()}
    return devices & Scope(name, (sendable,), parameters)


class QueueLength(Protocol):
    device_id: int
    pending: int
    same: int | None


#: How many unfinished commands a device has, and the newest one with a name.
QUEUE_LENGTHS = Query(
    select(
        command.c.device_id,
        func.count().label("pending"),
        func.max(case((command.c.name == bindparam("name", type_=Text()), command.c.id))).label("same"),
    )
    .where(_NETWORK, among(command.c.device_id, "ids"), _UNFINISHED)
    .group_by(command.c.device_id),
    QueueLength,
)


class RecentCommand(Protocol):
    id: int
    arguments: str
    state: State
    author_key: str


#: The commands of a device with a name since a date, the newest first.
RECENT = Query(
    select(command.c.id, command.c.arguments, command.c.state, command.c.author_key)
    .where(
        _NETWORK,
        command.c.device_id == bindparam("device_id"),
        command.c.name == bindparam("name"),
        command.c.creation_date > bindparam("since"),
    )
    .order_by(command.c.id.desc())
    .limit(20),
    RecentCommand,
)


class SerialRow(Protocol):
    id: int
    serial: str


#: Locks those of some devices that exist until the transaction ends, in the order of their ids.
LOCK_DEVICES = Query(
    select(device.c.id, device.c.serial)
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids"))
    .order_by(device.c.id)
    .with_for_update(),
    SerialRow,
)
SERIALS = Query(
    select(device.c.id, device.c.serial)
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids"))
    .order_by(device.c.id),
    SerialRow,
)


class MarkedDevice(Protocol):
    has_commands: int


LOCK_DEVICE = Query(
    select(device.c.has_commands)
    .where(device.c.network_id == bindparam("network_id"), device.c.id == bindparam("device_id"))
    .with_for_update(),
    MarkedDevice,
)
#: Marks devices for which commands may wait, so that their next report looks for them.
MARK = Query(
    device.update()
    .where(device.c.network_id == bindparam("in_network"), among(device.c.id, "ids"), device.c.has_commands.is_(False))
    .values(has_commands=True)
)
_waits = select(command.c.id).where(
    command.c.network_id == device.c.network_id,
    command.c.device_id == device.c.id,
    _UNFINISHED,
    _WAITS,
)
#: Takes the mark off a device for which no command waits.
UNMARK = Query(
    device.update()
    .where(with_id(device.c.id, "of_device"), device.c.has_commands.is_(True), ~_waits.exists())
    .values(has_commands=False)
)

_of_device = and_(_NETWORK, command.c.device_id == bindparam("device_id"))


class DeliverableCommand(Protocol):
    id: int
    name: str
    #: JSON
    arguments: str
    state: State
    creation_date: int
    expiration_date: int


#: The oldest commands that a device may begin now.
WAITING = Query(
    select(
        command.c.id,
        command.c.name,
        command.c.arguments,
        command.c.state,
        command.c.creation_date,
        command.c.expiration_date,
    )
    .where(
        _of_device,
        _UNFINISHED,
        _WAITS,
        command.c.release_date <= bindparam("now"),
        command.c.expiration_date > bindparam("now"),
    )
    .order_by(command.c.id)
    .limit(bindparam("limit", type_=Integer())),
    DeliverableCommand,
)
SET_SENT = Query(
    command.update()
    .where(command.c.network_id == bindparam("in_network"), among(command.c.id, "ids"), command.c.state == "queued")
    .values(state="sent", sent_date=bindparam("now"))
)
SET_RUNNING = Query(
    command.update()
    .where(_THIS)
    .values(
        state="running",
        start_date=bindparam("now"),
        sent_date=func.coalesce(command.c.sent_date, bindparam("now", type_=BigInteger())),
        due_date=bindparam("new_due_date"),
        message=bindparam("new_message"),
    )
)
SET_FINISHED = Query(
    command.update()
    .where(_THIS)
    .values(
        state=bindparam("new_state"),
        end_date=bindparam("now"),
        due_date=None,
        message=bindparam("new_message"),
        result=bindparam("new_result"),
    )
)


class ReleasedTo(Protocol):
    network_id: int
    device_id: int


#: The devices to which a queued command was released in a span of time.
RELEASED = Query(
    select(command.c.network_id, command.c.device_id)
    .where(command.c.state == "queued", command.c.release_date.between(bindparam("since"), bindparam("now")))
    .distinct(),
    ReleasedTo,
)


class DueCommand(Protocol):
    network_id: int
    id: int
    device_id: int


#: Commands whose state time alone changes now.
DUE = Query(
    select(command.c.network_id, command.c.id, command.c.device_id)
    .where(command.c.due_date <= bindparam("now"))
    .order_by(command.c.due_date)
    .limit(bindparam("limit", type_=Integer())),
    DueCommand,
)
#: Locks commands, but skips those that another process has locked.
LOCK_DUE = Query(
    select(*COLUMNS)
    .where(_NETWORK, among(command.c.id, "ids"), command.c.due_date <= bindparam("now"))
    .order_by(command.c.id)
    .with_for_update(skip_locked=True),
    CommandRow,
)
