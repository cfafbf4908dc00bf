"""Runs `signfleet tls-front` in its own process, as users do whose clients know only the vendor's host names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import split

from tests.preloaded import Command
from tests.running import PATIENCE, environment


@dataclass(frozen=True)
class RunningFront:
    """A front: what it printed, and what its clients need."""

    process: Command
    printed: str

    @property
    def variables(self) -> dict[str, str]:
        """Returns the variables that it prints for clients, which use its proxy."""
        words = [word for line in re.findall("^export (.*)$", self.printed, re.MULTILINE) for word in split(line)]
        return {"NO_PROXY": ""} | dict(word.split("=", 1) for word in words)

    @property
    def authority(self) -> Path:
        return Path(self.variables["SSL_CERT_FILE"])

    @property
    def port(self) -> int:
        found = re.search(r"^# https://127\.0\.0\.1:(\d+) answers", self.printed, re.MULTILINE)
        assert found, self.printed
        return int(found[1])


@contextmanager
def running_front(server: str, folder: Path, *arguments: str) -> Iterator[RunningFront]:
    """Runs the command on free ports until the block ends; certificates go to `folder`."""
    command = ["tls-front", "--server", server, "--folder", str(folder), "--port", "0", "--proxy-port", "0"]
    with Command([*command, *arguments], environment()) as process:
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if "--trusted-proxies" in line:
                    break
            yield RunningFront(process, printed)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
