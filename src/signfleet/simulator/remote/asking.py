"""Requests to the web interface of a player, and what it answers."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_SPELLING: Final = re.compile(r"[ _-]")


class Refusal(Exception):
    """The player refuses a request, with a status as of HTTP."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Ask(NamedTuple):
    """A request: the values in its path, its query and its data, whose names are folded. `now` is in ms."""

    path: tuple[str, ...]
    query: dict[str, str]
    data: dict[str, Any]
    now: int

    def member(self, name: str, kind: type, *spellings: str, default: Any = None) -> Any:
        """Returns a member of the data by any of its spellings. Raises `Refusal` for one of another type."""
        for spelling in (name, *spellings):
            value = self.data.get(fold(spelling))
            if value is not None:
                return _converted(name, value, kind)
        if default is None:
            raise Refusal(f"'{name}' is missing.")
        return default


class Reply(NamedTuple):
    """A result, and whether the player restarts after it."""

    result: Any
    restarts: bool = False


def fold(name: str) -> str:
    """Returns a name without letter case, spaces, dashes and underscores."""
    return _SPELLING.sub("", name).lower()


def switch(*, reboot: bool) -> Reply:
    """Returns the answer to a change that may need a restart."""
    return Reply({"success": True, "reboot": reboot, "message": "restarting" if reboot else "done"}, reboot)


def done(**more: Any) -> Reply:
    """Returns the answer to a change."""
    return Reply({"success": True, "message": "done", **more})


def _converted(name: str, value: Any, kind: type) -> Any:
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind is int and isinstance(value, str) and value.isdecimal():
        return int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refusal(f"'{name}' has to be of type {kind.__name__}.")
    return value
