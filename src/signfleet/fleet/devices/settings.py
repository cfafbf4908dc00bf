"""Changes the settings of a device: the only part that PUT and PATCH change, whatever else the body has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from signfleet.fleet.devices import managed, settings_rules
from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.document import next_moment, touch, write_settings
from signfleet.fleet.devices.location import derive_names, store_place
from signfleet.fleet.devices.schemas import GroupReference, Player, PlayerSettings
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice, LockedDevice
from signfleet.foundation.errors import Forbidden, Invalid, TooLarge
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import format as format_date
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.validation_messages import in_words
from signfleet.identity.access.operations.definitions import CHANGE_TARGET_GROUP, UPDATE_DEVICE, VIEW_GROUP
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit import recording
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import NONE, Precondition
from signfleet.web.contract.patch import (
    Document,
    PatchOperation,
    check_paths,
    converted,
    merged,
    replaced,
    spell_values,
)

#: Set by the server alone. A PUT may send them, and they are ignored.
READ_ONLY = ("setupType", "lastModifiedDate")

#: What changes the parts of a device that a PATCH cannot; error messages name it.
_OTHER_WAYS = {
    "tags": "POST or DELETE /Devices/{device}/Tags/",
    "permissions": "POST or DELETE /Devices/{device}/Permissions/",
    "status": "a report of the player",
}

_DATE = "lastModifiedDate"
_READ_ONLY = {name.lower() for name in READ_ONLY}

#: The settings that columns of `device` repeat. A change of others leaves these columns, and their indexes, alone.
_WITH_COLUMNS = frozenset({"name", "group", "location"})

#: How long settings may be, as JSON, in bytes. While SQLite writes them, it writes nothing else.
SETTINGS_LIMIT = 32_768

#: Returns the new settings, given the present ones.
Edit = Callable[[Document], Document]


class DeviceSettings:
    """Changes settings, all or nothing, if the caller's precondition holds."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._store = store
        self._devices = devices
        self._permissions = permissions

    async def replace(self, session: Session, ref: str, body: Document, precondition: Precondition, now: int) -> None:
        """Merges the settings of a PUT body, a Player entity, into the device's; what the body leaves out stays.

        Raises `Invalid` naming the property that does not fit, `Stale`, `Forbidden`, `NotFound`.
        """
        given = body.get("settings", {})
        if not isinstance(given, dict):
            mismatch = in_words(f"Expected `object`, got `{_kind(given)}`")
            raise Invalid(f"The body does not fit: {mismatch} - at 'settings'.")
        given = {name: value for name, value in given.items() if name not in READ_ONLY}
        _check_length(encode(given))
        device = await self._devices.find(session, ref, UPDATE_DEVICE)
        await self._devices.check_same(session, device, body.get("id"), body.get("serial"))
        await self.change(session, ref, precondition, now, lambda present: merged(present, given))

    async def patch(
        self, session: Session, ref: str, changes: list[PatchOperation], precondition: Precondition, now: int
    ) -> None:
        """Replaces single values below `/settings/`, for a PATCH. Raises like `replace`."""
        await self.change(session, ref, precondition, now, await self.read_patch(changes))

    async def read_patch(self, changes: list[PatchOperation]) -> Edit:
        """Returns the edit that a PATCH means. Raises `Invalid` for paths that no device has, or that cannot change."""
        for change in changes:
            name = change.path.strip("/").lower().partition("/")[2]
            if name in _READ_ONLY:
                raise Invalid(f"'{change.path}' is set by the server and cannot be changed.")
        check_paths(changes, Player, ("settings",), _OTHER_WAYS)
        await spell_values(changes, Player)

        def edit(present: Document) -> Document:
            result: Document = replaced({"settings": present}, changes, Player)["settings"]
            if not isinstance(result, dict):
                raise Invalid(f"'/settings' has to be an object, not `{_kind(result)}`.")
            return result | {name: present[name] for name in READ_ONLY}

        return edit

    async def change(self, session: Session, ref: str, precondition: Precondition, now: int, edit: Edit) -> None:
        """Replaces the settings by what `edit` returns, in one transaction that locks the device.

        Writes nothing, and advances no version, if they come out the same. Raises like `replace`, and what `edit`
        raises.
        """
        found = await self._devices.find(session, ref, UPDATE_DEVICE)

        await self._store.write(lambda tx: self.change_in(tx, session, found, edit, now, precondition=precondition))

    async def change_in(
        self,
        tx: Transaction,
        session: Session,
        found: FoundDevice,
        edit: Edit,
        now: int,
        *,
        precondition: Precondition = NONE,
    ) -> tuple[Document, Document] | None:
        """Does what `change` does, as part of a transaction; returns the old and the new settings if they differ."""
        row = await self._devices.lock(tx, session, found, UPDATE_DEVICE, precondition)
        present: Document = msgspec.json.decode(row.settings)
        settings = converted(edit(present), PlayerSettings, "settings")
        wanted = msgspec.to_builtins(settings)
        settings_rules.check(settings, wanted, present)
        if wanted["group"] != present["group"]:
            settings.group = await self._group(tx, session, row, present["group"]["name"], settings.group)
        if wanted["location"] != present.get("location"):
            settings.location = derive_names(present.get("location"), settings.location)
        changed = {name: value for name, value in msgspec.to_builtins(settings).items() if value != present.get(name)}
        if not changed:
            return None
        moment = next_moment(row, now)
        settings.last_modified_date = changed[_DATE] = format_date(moment)
        await self._write(tx, row, settings, present, changed, moment=moment)
        tx.announce(Topic("command", row.id))  # wakes the stream of its player, which looks for new settings
        states = {"settings": {name: present.get(name) for name in changed}}, {"settings": changed}
        await recording.record(
            tx, row.network_id, recording.AuditEntry("Update", "Device", row.id, row.serial, *states), now
        )
        return present, present | changed

    async def _group(
        self, tx: Transaction, session: Session, row: LockedDevice, name: str, wanted: GroupReference | None
    ) -> GroupReference:
        """Resolves the group that a device, now in the group `name`, should be in; moving it takes a permission."""
        if wanted is None:
            raise Invalid("'settings.group' cannot be null: a device is always in a group.")
        if wanted.id == row.group_id and fold(wanted.name or name) == fold(name):
            return GroupReference(id=row.group_id, name=name)
        by_id = wanted.id not in (0, row.group_id)
        group = await tx.one(
            queries.GROUP_BY_ID if by_id else queries.GROUP_BY_NAME,
            network_id=row.network_id,
            **({"id": wanted.id} if by_id else {"name_key": fold(wanted.name or name)}),
        )
        group = await self._permissions.visible(session, VIEW_GROUP, group, tx)
        if group is None:
            named = str(wanted.id) if by_id else f"'{wanted.name}'"
            raise Invalid(f"'settings.group': there is no group {named} in this network.")
        if by_id and wanted.name and fold(wanted.name) not in (fold(name), fold(group.name)):
            raise Invalid(
                f"'settings.group': 'id' means the group '{group.name}', and 'name' is '{wanted.name}'; correct one, or"
                " leave one out."
            )
        if group.id != row.group_id and not await self._permissions.allows_on(session, CHANGE_TARGET_GROUP, row.id, tx):
            raise Forbidden(f"You are not allowed to do '{CHANGE_TARGET_GROUP.key}' here.")
        return GroupReference(id=group.id, name=group.name)

    async def _write(
        self,
        tx: Transaction,
        row: LockedDevice,
        settings: PlayerSettings,
        before: Document,
        changed: Document,
        *,
        moment: int,
    ) -> None:
        """Writes settings of which some members are `changed`: columns, document, and what filters read of those."""
        whole = encode(settings)
        _check_length(whole)
        key = {"in_network": row.network_id, "of_device": row.id}
        if changed.keys() & _WITH_COLUMNS:
            location = settings.location
            assert settings.group is not None
            await tx.execute(
                queries.CHANGE_DEVICE,
                **key,
                moment=moment,
                new_name_key=fold(settings.name),
                new_name_order=order_key(settings.name),
                new_group_id=settings.group.id,
                new_latitude=location.gps_latitude if location else None,
                new_longitude=location.gps_longitude if location else None,
                new_location_key=await store_place(tx, row.network_id, location),
            )
        else:
            await touch(tx, row, moment)
        noted = managed.after_change(managed.read(row.managed, row.serial, before), before, before | changed)
        await write_settings(tx, row, whole.decode(), noted, moment)
        flat = DEVICES.absent("settings", changed) | DEVICES.flatten({"settings": changed | {_DATE: None}})
        flat[f"settings.{_DATE}"] = moment  # reading it from its text takes as long as all other properties
        await tx.execute(queries.MERGE_PROPERTIES, **key, changes=encode(flat).decode())
        if "description" in changed:
            await tx.execute(queries.SET_DESCRIPTION, **key, new_description_key=flat.get("settings.description"))


def _check_length(settings: bytes) -> None:
    """Raises `TooLarge` if the settings are longer than `SETTINGS_LIMIT`."""
    if len(settings) > SETTINGS_LIMIT:
        raise TooLarge(f"The settings of a device have at most {SETTINGS_LIMIT} bytes as JSON, not {len(settings)}.")


def _kind(value: Any) -> str:
    """Returns JSON's name for the type of a value."""
    names = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str", list: "array", dict: "object"}
    return names[type(value)]
