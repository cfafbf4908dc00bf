"""What can be done with many players at once, and who may."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.forms import FormData
from signfleet.console.player.command_forms import COMMANDS, Form, arguments_of
from signfleet.console.translations import later
from signfleet.fleet.changes.schemas import NewChange, TagEdits, WantedCommand, WantedGroup
from signfleet.fleet.commands.kinds import KINDS, OPERATIONS
from signfleet.fleet.commands.service import Commands
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, MANAGE_TAGS, UPDATE_DEVICE
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.contract.patch import PatchOperation


class BulkAction(NamedTuple):
    """One action: its icon, its words, one of the operations that it needs, and the fields of its form."""

    icon: str
    words: str
    operations: tuple[Operation, ...]
    fields: tuple[str, ...] = ()


ACTIONS: Final = {
    "tag": BulkAction("tag", later("Add a tag"), (MANAGE_TAGS,), ("key", "value")),
    "untag": BulkAction("x", later("Remove a tag"), (MANAGE_TAGS,), ("key",)),
    "group": BulkAction("folder-input", later("Move to a group"), (UPDATE_DEVICE,), ("group",)),
    "description": BulkAction("pencil", later("Describe"), (UPDATE_DEVICE,), ("description",)),
    "command": BulkAction("terminal", later("Send a command"), tuple(OPERATIONS.values()), ("command",)),
    "delete": BulkAction("trash-2", later("Delete"), (DELETE_DEVICE,)),
}


async def allowed_actions(session: Session, permissions: Permissions) -> dict[str, BulkAction]:
    """Returns the actions that the caller may do with something at least."""
    if not await permissions.allows(session, UPDATE_DEVICE):
        return {}
    return {
        name: action
        for name, action in ACTIONS.items()
        if any([await permissions.allows(session, operation) for operation in action.operations])
    }


async def allowed_commands(session: Session, commands: Commands, permissions: Permissions) -> dict[str, Form]:
    """Returns the commands that the caller may send to something at least."""
    rules = await commands.rules(session.network)
    return {
        name: form
        for name, form in COMMANDS.items()
        if (rules.danger_allowed or KINDS[name].group != "danger")
        and await permissions.allows(session, KINDS[name].operation)
    }


def change_of(name: str, filter_: str, form: FormData) -> NewChange | None:
    """Returns the change that a form describes, None while the form has not been filled in. Raises `Invalid`."""
    if name == "command":
        return _command(filter_, form)
    if name == "delete":
        return NewChange(filter=filter_, delete=True)
    if form.get("filled") != "1":
        return None
    key = form.get("key").strip()
    key = key if "<" in key else f"string::[Device].<{key}>"
    if name == "group":
        return NewChange(filter=filter_, group=WantedGroup(id=id_of(form.get("group")) or 0))
    if name == "description":
        operation = PatchOperation("replace", "/settings/description", form.get("description"))
        return NewChange(filter=filter_, settings=[operation])
    edits = TagEdits(set={key: form.get("value")}) if name == "tag" else TagEdits(remove=[key])
    return NewChange(filter=filter_, tags=edits)


def _command(filter_: str, form: FormData) -> NewChange | None:
    name = form.get("command")
    if not name:
        return None
    if name not in COMMANDS:
        raise Invalid(f"'command': there is no command '{name}'.")
    if COMMANDS[name].fields and form.get("filled") != "1":
        return None
    arguments = arguments_of(COMMANDS[name], form)
    return NewChange(filter=filter_, command=WantedCommand(name=name, arguments=arguments))


def fields_of(name: str, form: FormData) -> list[str]:
    """Returns the fields that a confirmation sends again."""
    command = COMMANDS.get(form.get("command"))
    arguments = [field.name for field in command.fields] if command is not None else []
    return ["do", "filter", "filled", *ACTIONS[name].fields, *arguments]
