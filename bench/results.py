"""Results as files: `results/DATE-COMMIT.json` has the tables of one commit, its machine and its versions.

A run of a few benchmarks replaces their tables in the file of the commit; the last few files stay.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.size import DEVICES, USUAL
from bench.table import Row

FOLDER = Path(__file__).with_name("results")
#: So many files stay.
LAST = 5
PACKAGES = ("uvicorn", "uvloop", "httptools", "msgspec", "SQLAlchemy", "asyncpg")


@dataclass(frozen=True)
class Table:
    """The rows of one benchmark, and what they were measured on."""

    name: str
    rows: list[Row]
    time: str
    commit: str
    machine: str
    versions: dict[str, str]


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=FOLDER.parent, check=True, capture_output=True, text=True).stdout.strip()


def commit() -> str:
    """Returns the short id of the commit, with `+` if the sources differ from it."""
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", ":/src", ":/bench/*.py")
    return _git("rev-parse", "--short=8", "HEAD") + ("+" if changes else "")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine() -> str:
    """Describes the processor, its cores that this process may use, and how busy they were in the last minute."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    size = "" if DEVICES == USUAL else f", large fleets of {DEVICES:,} devices"
    return f"{_processor()}, {cores} cores, {platform.system()}, load {os.getloadavg()[0]:.1f}{size}"


def versions() -> dict[str, str]:
    found = {name: version(name) for name in PACKAGES}
    return {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version} | found


def save(name: str, rows: list[Row], started: str) -> Path:
    """Writes one table into the file of this commit, and deletes the oldest files."""
    now = datetime.now(UTC)
    revision = commit()
    path = FOLDER / f"{now:%Y-%m-%d}-{revision.replace('+', '-changed')}.json"
    FOLDER.mkdir(exist_ok=True)
    tables = _tables(path) if path.exists() else {}
    tables[name] = {"time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "machine": started, "rows": [asdict(row) for row in rows]}
    content = {"commit": revision, "versions": versions(), "tables": dict(sorted(tables.items()))}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for old in sorted(FOLDER.glob("*.json"), key=_last_time)[:-LAST]:
        old.unlink()
    return path


def _tables(path: Path) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return tables


def _last_time(path: Path) -> str:
    return max(str(table["time"]) for table in _tables(path).values())


def newest() -> dict[str, Table]:
    """Returns the newest table of each benchmark that has one."""
    found: dict[str, Table] = {}
    for table in _all():
        if table.name not in found or found[table.name].time < table.time:
            found[table.name] = table
    return found


def _all() -> Iterator[Table]:
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for name, table in content["tables"].items():
            rows = [Row(**row) for row in table["rows"]]
            yield Table(name, rows, table["time"], content["commit"], table["machine"], content["versions"])
