"""`credentials.json` in the data folder: it exists as long as its content works."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = "credentials.json"
#: Its name before everything in it works, and after the server has stopped.
ASIDE = "credentials.stopped.json"


class CredentialsFile:
    """The file of one data folder; only the user of the server can read it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._aside = folder / ASIDE

    def read(self) -> dict[str, Any] | None:
        """Returns the content, published or not. Raises `ValueError` if it is not a JSON object."""
        for path in (self.path, self._aside):
            with contextlib.suppress(FileNotFoundError):
                values = json.loads(path.read_text())
                if not isinstance(values, dict):
                    raise ValueError("no JSON object")
                return values
        return None

    def prepare(self, values: Mapping[str, Any]) -> None:
        """Stores credentials before they work: if the process ends before that, the next start finds them."""
        self._write(self._aside, values)

    def publish(self, values: Mapping[str, Any]) -> None:
        """Writes the file once everything in it works."""
        self._write(self.path, values)
        self._aside.unlink(missing_ok=True)

    def withdraw(self) -> None:
        """Renames the file, because its address no longer answers."""
        with contextlib.suppress(FileNotFoundError):
            self.path.replace(self._aside)

    def withdraw_if_stale(self) -> None:
        """Withdraws the file of a killed process: nothing listens at its address."""
        with contextlib.suppress(OSError, ValueError):
            url = urlsplit(str(json.loads(self.path.read_text())["base_url"]))
            try:
                socket.create_connection((str(url.hostname), url.port or 80), timeout=1).close()
            except ConnectionRefusedError:
                self.withdraw()

    @staticmethod
    def _write(path: Path, values: Mapping[str, Any]) -> None:
        from signfleet.foundation.private_files import write_private

        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(values, indent=1))
