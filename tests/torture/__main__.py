"""Runs the scenarios and prints their figures: `python -m tests.torture [scenario ...]`.

`ROUNDS` multiplies the length of each. Everything runs on this machine: servers, databases, generators.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import running_postgres
from tests.torture.clock import clock_steps
from tests.torture.disk import full_disk, unreadable_database
from tests.torture.figures import Figures
from tests.torture.hostile import hostile_generator
from tests.torture.kill import kill
from tests.torture.lost import lost_answers
from tests.torture.race import racing_editors
from tests.torture.remote import remote_calls
from tests.torture.silent import silent_database, silent_neighbours

ROUNDS = int(os.environ.get("ROUNDS", "1"))


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'signfleet.db'}"


@contextmanager
def _postgresql(_folder: Path) -> Iterator[str]:
    with running_postgres() as server:
        yield server.create()


Scenario = Callable[[Path], Figures]


def _on_both(run: Callable[[str, Path, int], Figures], rounds: int) -> tuple[Scenario, Scenario]:
    """The scenario on SQLite, and on PostgreSQL."""

    def on_sqlite(folder: Path) -> Figures:
        with _sqlite(folder) as database:
            return run(database, folder, rounds)

    def on_postgresql(folder: Path) -> Figures:
        with _postgresql(folder) as database:
            return run(database, folder, rounds)

    return on_sqlite, on_postgresql


_KILL, _RACE = _on_both(kill, 2 * ROUNDS), _on_both(racing_editors, 10 * ROUNDS)
_LOST = _on_both(lost_answers, ROUNDS)

SCENARIOS: dict[str, Scenario] = {
    "kill-sqlite": _KILL[0],
    "kill-postgresql": _KILL[1],
    "race-sqlite": _RACE[0],
    "race-postgresql": _RACE[1],
    "lost-answers": _LOST[0],
    "lost-answers-postgresql": _LOST[1],
    "full-disk": lambda folder: full_disk(folder, ROUNDS),
    "unreadable-database": lambda folder: unreadable_database(folder, ROUNDS),
    "silent-database": lambda folder: silent_database(folder, ROUNDS),
    "silent-neighbours": lambda folder: silent_neighbours(folder, ROUNDS),
    "clock": lambda folder: clock_steps(folder, ROUNDS),
    "remote": lambda folder: remote_calls(folder, ROUNDS),
    "hostile": lambda folder: hostile_generator(folder, ROUNDS),
}


def main(names: list[str]) -> int:
    unknown = set(names) - SCENARIOS.keys()
    if unknown:
        print(f"There is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}.", file=sys.stderr)
        return 2
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    print(f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip() or 'unknown'}, ROUNDS={ROUNDS}", flush=True)
    failed = False
    for name, scenario in SCENARIOS.items():
        if not names or name in names:
            with tempfile.TemporaryDirectory(prefix="signfleet-torture-", ignore_cleanup_errors=True) as folder:
                figures = scenario(Path(folder))
            print(figures, flush=True)
            failed = failed or bool(figures.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
