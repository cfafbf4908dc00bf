"""What a simulated player remembers of commands, in memory or in a file, so that it does none twice.

The id of a command is written before the player acts, and its outcome before the player sends it. The last 256 commands
are remembered.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

import msgspec

#: How many commands a player remembers.
REMEMBERED = 256

#: taken: written, the server does not know that it begins; acting: whether it has acted is unknown after a restart;
#: done: the outcome is known, the server may not know it; settled: the server knows it.
Phase = Literal["taken", "acting", "done", "settled"]


class Entry(msgspec.Struct):
    """A command, how far it is, and its outcome. `boot` is the player's boot when it began."""

    id: int
    name: str
    arguments: dict[str, Any]
    phase: Phase = "taken"
    boot: str = ""
    outcome: dict[str, Any] = {}


class Ledger:
    """The commands of one player, the newest last. A file has one change a line, and is rewritten when it grows."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: dict[int, Entry] = {}
        self._lines = 0
        for line in path.read_bytes().splitlines() if path is not None and path.exists() else ():
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.MsgspecError:  # a crash may have cut the last line
                continue
            self._entries[entry.id] = entry
            self._lines += 1
        self._forget()

    def __contains__(self, command_id: int) -> bool:
        return command_id in self._entries

    @property
    def open(self) -> list[Entry]:
        """Returns the commands whose outcome the server does not know, the oldest first."""
        return [entry for entry in self._entries.values() if entry.phase != "settled"]

    def take(self, command: dict[str, Any]) -> None:
        """Remembers a new command, before anything is done about it."""
        entry = Entry(command["id"], command["name"], command.get("arguments") or {})
        self._entries[entry.id] = entry
        self._forget()
        self._write(entry)

    def move(self, entry: Entry, phase: Phase, *, boot: str = "", outcome: dict[str, Any] | None = None) -> None:
        """Remembers how far a command is."""
        entry.phase, entry.boot = phase, boot or entry.boot
        entry.outcome = entry.outcome if outcome is None else outcome
        if phase == "settled":
            entry.outcome = {}
        self._write(entry)

    def _forget(self) -> None:
        """Forgets the oldest commands beyond the limit, except those whose outcome the server does not know."""
        settled = [known.id for known in self._entries.values() if known.phase == "settled"]
        for old in settled[: max(len(self._entries) - REMEMBERED, 0)]:
            del self._entries[old]

    def _write(self, entry: Entry) -> None:
        if self._path is None:
            return
        if self._lines > 8 * REMEMBERED:
            whole = b"".join(msgspec.json.encode(each) + b"\n" for each in self._entries.values())
            temporary = self._path.with_name(f"{self._path.name}.new")
            temporary.write_bytes(whole)
            temporary.replace(self._path)
            self._lines = len(self._entries)
            return
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._lines += 1


def outcome(state: str, message: str | None = None, result: Any = None) -> dict[str, Any]:
    """Returns the body that says what became of a command."""
    return {"state": state, "message": message, "result": json.loads(json.dumps(result))}
