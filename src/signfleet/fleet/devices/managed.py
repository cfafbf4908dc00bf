"""Which parts of its settings an operator has set, so that a player changes nothing on its machine that nobody chose.

A device begins with settings that nobody has chosen: a host name, an interface. A part is managed from the moment when
somebody changes it, until somebody clears it. Parts are the members of the settings, and the members of objects in
them, each as the path that a PATCH names below `/settings`: `/name`, `/network/hostname`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from signfleet.fleet.devices.registration import NewDevice, default_settings
from signfleet.foundation.wire.json import encode

Settings = dict[str, Any]

#: Set by the server.
_OWN: Final = frozenset({"lastModifiedDate", "setupType", "concatNameAndSerial"})
#: Objects that are one part.
_WHOLE: Final = frozenset({"group"})
#: What a player may have stated when it registered.
_STATED: Final = ("name", "description", "timezone", "group", "location")


def changed(before: Settings, after: Settings) -> Iterator[tuple[str, Any]]:
    """Yields the path and the new value of each part of the settings that differs."""
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new or name in _OWN:
            continue
        if name in _WHOLE or not isinstance(new, dict):
            yield f"/{name}", new
            continue
        members = old if isinstance(old, dict) else {}
        for member in members.keys() | new.keys():
            if members.get(member) != new.get(member):
                yield f"/{name}/{member}", new.get(member)


def after_change(managed: set[str], before: Settings, after: Settings) -> str:
    """Returns `device_document.managed` after a change of the settings by an operator; null clears a part."""
    result = set(managed)
    for path, value in changed(before, after):
        result = {known for known in result if known != path and not known.startswith(f"{path}/")}
        if value is not None:
            result.add(path)
    return encode(sorted(result)).decode()


def read(stored: str | None, serial: str, settings: Settings) -> set[str]:
    """Returns the managed parts of a device.

    For a device from before they were noted, `stored` is None: those that differ from the settings it began with,
    but not what its player may have stated.
    """
    if stored is not None:
        return set(msgspec.json.decode(stored, type=list[str]))
    new = NewDevice(serial=serial, model="", name="", group_id=0, group_name="")
    began = msgspec.to_builtins(default_settings(new, 0)) | {name: settings.get(name) for name in _STATED}
    return {path for path, value in changed(began, settings) if value is not None}
