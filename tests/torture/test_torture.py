"""Every scenario of `make torture`, as short as possible: `make torture ROUNDS=100` has the long ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.preloaded import Command

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
    variables = {**os.environ, "ROUNDS": "1", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with Command([scenario], variables, module="tests.torture") as process:
        printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, printed + errors
