"""Says which simulated players are silent now: those at a place, from some moment on, and those at places in a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from signfleet.simulator.fleet import Profile

#: Bytes of the file that are read.
_LIMIT: Final = 4096


class Darkness:
    """Where it is dark: at `place` after `seconds`, and at the places that `file` lists, one a line, while it exists.

    A place is a town, a region or a country.
    """

    def __init__(self, place: str | None = None, seconds: float = 0, file: Path | None = None) -> None:
        self._place = place
        self._begin = time.monotonic() + seconds
        self._file = file

    @property
    def may_fall(self) -> bool:
        """Returns whether it may ever be dark anywhere."""
        return self._place is not None or self._file is not None

    def places(self) -> frozenset[str]:
        """Returns where it is dark now."""
        found = set(self._listed())
        if self._place is not None and time.monotonic() >= self._begin:
            found.add(self._place)
        return frozenset(found)

    def _listed(self) -> list[str]:
        if self._file is None:
            return []
        try:
            with self._file.open("rb") as file:
                text = file.read(_LIMIT).decode(errors="replace")
        except OSError:
            return []
        return [name for line in text.splitlines() if (name := line.strip())]


def covers(places: frozenset[str], profile: Profile) -> bool:
    """Returns whether a player is at one of the places."""
    return any(profile.place.is_named(name) for name in places)
