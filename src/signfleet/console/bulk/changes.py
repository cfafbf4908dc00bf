"""The changes that the forms of many players describe."""

from __future__ import annotations

from signfleet.console.forms import FormData
from signfleet.console.player.command_forms import COMMANDS, Form, arguments_of
from signfleet.console.players.actions import ACTIONS
from signfleet.fleet.changes.schemas import NewChange, TagEdits, WantedCommand, WantedGroup
from signfleet.fleet.commands.kinds import KINDS
from signfleet.fleet.commands.service import Commands
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.contract.patch import PatchOperation


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
