"""What `make quick` leaves out is there under the name that it is left out by."""

from __future__ import annotations

import re
from pathlib import Path

from tests.dealing import SLOW, slow_part

TESTS = Path(__file__).parents[1]


def test_every_slow_file_exists() -> None:
    assert not [name for name in SLOW if not (TESTS / name).exists()]


def test_files_that_start_servers_are_slow() -> None:
    starts = re.compile(r"\b(running_server\(|running_demo\(|start_demo\(|TestingServer\(|Command\(\[)")
    files = (path for pattern in ("test_*.py", "conftest.py") for path in TESTS.rglob(pattern))
    starting = {path for path in files if starts.search(path.read_text(encoding="utf-8"))}
    assert not [path for path in starting if slow_part(path.relative_to(TESTS)) is None]
