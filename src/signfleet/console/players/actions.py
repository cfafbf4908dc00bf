"""What can be done with many players at once, and who may."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.translations import later
from signfleet.fleet.commands.kinds import OPERATIONS
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, MANAGE_TAGS, UPDATE_DEVICE
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session


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
