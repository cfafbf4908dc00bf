"""Every scenario of `make torture`, as short as possible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCENARIOS = (
    "kill-sqlite",
    "kill-postgresql",
    "race-sqlite",
    "race-postgresql",
    "full-disk",
    "unreadable-database",
    "silent-database",
    "silent-neighbours",
    "clock",
    "hostile",
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_ends_as_it_should(scenario: str) -> None:
    # In its own process: a process with threads cannot safely fork servers.
    environment = {**os.environ, "ROUNDS": "1", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    result = subprocess.run(
        [sys.executable, "-m", "tests.torture", scenario],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
