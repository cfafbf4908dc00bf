"""What a mass change can do with a device. Each action goes the way of the request for a single device.

Other parts add actions with `Changes.register`: a member of the body by its name, the scope that a token needs, and a
function that does it inside a transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from signfleet.fleet.changes.differences import flat_difference, put_back
from signfleet.fleet.changes.schemas import TagEdits, WantedGroup
from signfleet.fleet.devices.deletion import DeviceDeletion
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings, Edit
from signfleet.fleet.devices.store import FoundDevice
from signfleet.fleet.devices.tags.service import Tags, read_change
from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.definitions import DELETE_DEVICE
from signfleet.identity.jobs.kinds import Run
from signfleet.web.caller.session import Session
from signfleet.web.contract.patch import Changes as PatchChanges
from signfleet.web.contract.patch import Document, converted

#: Old and new values by path.
Values = dict[str, Any]


class Outcome(NamedTuple):
    """What an action changed in a device, or would change."""

    before: Values
    after: Values


#: Does an action with one device; None if nothing had to change. Raises what the request for one device raises.
Act = Callable[[Transaction, Session, FoundDevice, int], Awaitable[Outcome | None]]


class Action(Protocol):
    """One thing that a mass change can do."""

    @property
    def name(self) -> str:
        """The member of the body."""
        ...

    @property
    def scope(self) -> str:
        """The scope that the token of the caller needs."""
        ...

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the member of the body, for a step of a job if there is one. Raises `Invalid`, `Forbidden`."""
        ...

    async def finish(self, tx: Transaction, run: Run) -> Any:
        """Does what is left after the last device of a job; returns the result of the job."""
        ...

    def undo(self, outcome: Outcome) -> Act | None:
        """Returns what puts the old values back where the new ones are still there; None if nothing can."""
        ...


class DeviceAction:
    """The base class of actions that are complete with each device."""

    async def finish(self, tx: Transaction, run: Run) -> None:
        """Does nothing."""


class SettingsAction(DeviceAction):
    """Replaces single settings, by the operations of a JSON Patch."""

    name = "settings"
    scope = "bsn.api.main.devices.update"

    def __init__(self, settings: DeviceSettings) -> None:
        self._settings = settings

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the operations."""
        operations = converted({"settings": value}, _Operations).settings
        return self.act(await self._settings.read_patch(operations))

    def act(self, edit: Edit) -> Act:
        """Returns what edits the settings of a device."""

        async def act(tx: Transaction, session: Session, found: FoundDevice, now: int) -> Outcome | None:
            states = await self._settings.change_in(tx, session, found, edit, now)
            return None if states is None else Outcome(*flat_difference(*states, "/settings"))

        return act

    def undo(self, outcome: Outcome) -> Act:
        def edit(present: Document) -> Document:
            return put_back(present, outcome.before, outcome.after, "/settings")

        return self.act(edit)


class GroupAction(SettingsAction):
    """Moves devices to another group, named by `id` or `name`."""

    name = "group"

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the reference."""
        group = converted({"group": value}, _Group).group
        if group.id <= 0 and not group.name:
            raise Invalid("'group': give the 'id' or the 'name' of a group.")
        wanted = {"id": group.id, "name": group.name, "link": None}
        return self.act(lambda present: present | {"group": wanted})


class TagsAction(DeviceAction):
    """Sets tags, whatever value they have now, and removes others."""

    name = "tags"
    scope = "bsn.api.main.devices.update"

    def __init__(self, tags: Tags) -> None:
        self._tags = tags

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the tags."""
        wanted = converted({"tags": value}, _Tags).tags
        return self.act(wanted.set, wanted.remove, {})

    def act(self, tags: dict[str, Any], removed: list[str], expected: dict[str, str | None]) -> Act:
        """Returns what changes the tags of a device that has the `expected` ones."""
        change = read_change(tags, removed, expected)

        async def act(tx: Transaction, session: Session, found: FoundDevice, now: int) -> Outcome | None:
            states = await self._tags.change_in(tx, session, found, change, now)
            return None if states is None else Outcome(*flat_difference(*states, "/tags"))

        return act

    def undo(self, outcome: Outcome) -> Act:
        before, after = ({path.split("/", 2)[2]: value for path, value in half.items()} for half in outcome)
        old = {key: value for key, value in before.items() if value is not None}
        return self.act(old, [key for key, value in before.items() if value is None], after)


class DeleteAction(DeviceAction):
    """Deletes devices."""

    name = "delete"
    scope = "bsn.api.main.devices.delete"

    def __init__(self, devices: Devices, deletion: DeviceDeletion) -> None:
        self._devices = devices
        self._deletion = deletion

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the member, which is true."""
        if value is not True:
            raise Invalid("'delete' has to be true.")

        async def act(tx: Transaction, session: Session, found: FoundDevice, now: int) -> Outcome | None:
            await self._devices.lock(tx, session, found, DELETE_DEVICE)
            await self._deletion.delete_in(tx, session, found, now)
            return Outcome({"/serial": found.serial}, {"/serial": None})

        return act

    def undo(self, outcome: Outcome) -> None:
        """Returns None: a deleted device does not come back."""


class _Operations(msgspec.Struct):
    settings: PatchChanges


class _Group(msgspec.Struct):
    group: WantedGroup


class _Tags(msgspec.Struct):
    tags: TagEdits
