"""Decides which tests are slow, and which worker begins with which of them.

`pytest-xdist` gives each worker an equal share of the list, in its order; a worker that has finished steals from the
end of the longest remaining share. So slow tests stand at the beginning of the shares: each folder or module whole,
since its tests share a server, and the longest first to the worker that has least to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

#: Tests that `make quick` omits beside those on PostgreSQL, because they start processes, inject faults or send much to
#: every endpoint, and the seconds that they take, roughly.
SLOW: Mapping[str, int] = {
    "console/browser": 180,
    "torture": 80,
    "testing": 60,
    "app/cli/test_demo.py": 50,
    "foundation/storage/test_silence.py": 45,
    "deploy": 40,
    "guards/test_bad_input.py": 40,
    "fleet/remote/test_over_http.py": 30,
    "app/test_server.py": 30,
    "app/cli/test_backup.py": 25,
    "web/http/test_connection_limits.py": 25,
    "app/cli/test_command.py": 20,
    "app/cli/test_login.py": 20,
    "foundation/storage/test_kill.py": 20,
    "test_fuzzing.py": 20,
    "web/monitoring/test_readiness.py": 20,
    "identity/access/test_matrix.py": 20,
    "bench/test_measures.py": 15,
    "clients": 15,
    "app/test_streams.py": 10,
    "fleet/alerts/test_kill.py": 10,
    "foundation/storage/test_pooler.py": 10,
    "foundation/test_output.py": 10,
    "foundation/test_private_files.py": 10,
    "identity/access/test_matrix_of_others.py": 10,
    "identity/jobs/test_kill.py": 10,
    "test_readme.py": 10,
    "app/tls_front/test_running.py": 5,
}


def slow_part(path: Path) -> str | None:
    """Returns the part of `SLOW` to which a module belongs."""
    return next((name for name in SLOW if path.as_posix() == name or path.is_relative_to(name)), None)


def deal(slow: Mapping[str, Sequence[T]], others: Sequence[T], workers: int) -> list[T]:
    """Returns all tests in the order in which the shares of the workers begin with the slow ones, by their part."""
    hands: list[list[T]] = [[] for _ in range(workers)]
    seconds = [0] * workers
    for name in sorted(slow, key=lambda name: -SLOW[name]):
        least = seconds.index(min(seconds))
        hands[least] += slow[name]
        seconds[least] += SLOW[name]
    dealt: list[T] = []
    left = len(others) + sum(map(len, hands))
    rest = list(others)
    for place, hand in enumerate(hands):
        share = left // (workers - place)  # as `pytest-xdist` divides them
        left -= share
        missing = max(0, share - len(hand))
        dealt += [*hand, *rest[:missing]]
        del rest[:missing]
    return dealt + rest
