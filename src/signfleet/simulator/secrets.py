"""The secrets of simulated players, in memory or in a file, so that the same players can return."""

from __future__ import annotations

import os
from pathlib import Path

from signfleet.simulator.ledger import Ledger


class Secrets:
    """Stores device secrets by serial. A file has one a line, the newest last; only its owner may read it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path is not None and path.exists() else []
        pairs = [line.split() for line in lines]
        self._known = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    def ledger(self, serial: str) -> Ledger:
        """Returns what a player remembers of commands: in a file of a folder beside the secrets, or in memory."""
        if self._path is None:
            return Ledger()
        folder = self._path.with_name(f"{self._path.name}.commands")
        folder.mkdir(mode=0o700, exist_ok=True)
        return Ledger(folder / serial)

    def get(self, serial: str) -> str | None:
        """Returns the secret of a player, or None."""
        return self._known.get(serial)

    def put(self, serial: str, secret: str) -> None:
        """Stores the secret of a player before the player uses it."""
        self._known[serial] = secret
        if self._path is not None:
            with os.fdopen(os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:
                file.write(f"\n{serial} {secret}\n")  # a crash may have cut the line before
