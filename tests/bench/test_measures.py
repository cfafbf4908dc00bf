"""The benchmarks run, with few rows and few turns; no test asserts their times."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest

import bench
from bench import (
    measure_access,
    measure_commands,
    measure_company,
    measure_console,
    measure_events,
    measure_expressions,
    measure_fleet,
    measure_growth,
    measure_jobs,
    measure_permissions,
    measure_reports,
    measure_requests,
)
from bench.servers import Ours, copy_fleet, serving_fleet
from signfleet.foundation.storage.interface import Store

#: Sizes and times with which each measures next to nothing, and the number of its rows. The last one deletes devices.
OVER_HTTP: dict[ModuleType, tuple[dict[str, object], int]] = {
    measure_requests: (
        {"PLAYERS": 2, "REPORTING": 2, "CONNECTIONS": 2, "ROUNDS": 1, "SECONDS": 0.01, "SWEEP_PERIOD": 0.0},
        9,
    ),
    measure_company: ({"SIGN_INS": 1, "ROUNDS": 1, "SECONDS": 0.05, "AROUND": 0.01}, 2),
    measure_events: ({"STREAMS": 3, "IDLE_SECONDS": 0.01, "QUIET_SECONDS": 0.01, "EVENTS": 1}, 4),
    measure_commands: ({"PLAYERS": 2, "COMMANDS": 2}, 2),
    measure_console: ({"TURNS": 1, "REQUESTS": 1, "SILENT": (1, 2, 3), "SWEEP_PERIOD": 0.0}, 10),
    measure_reports: ({"FIRST": 300_000, "PLAYERS": 2, "CONNECTIONS": 2, "ROUNDS": 1, "SECONDS": 0.01}, 12),
    measure_fleet: (
        {"CONNECTIONS": 2, "STORM_CONNECTIONS": 2, "QUIET": 0.1, "SECONDS": 0.2, "OTHER": 0.1, "AROUND": 0.02},
        6,
    ),
    measure_jobs: ({}, 6),
}
OPTIONS = ("--legacy-token-endpoint", "--max-connections-per-address", "1000")
FEW = 8

NAMES = sorted(path.stem for path in Path(*bench.__path__).glob("measure_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_has_a_title_and_measures(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert module.__doc__
    assert callable(module.measure)


@pytest.fixture(scope="module")
def ours() -> Iterator[Ours]:
    with serving_fleet(FEW, *OPTIONS, players=4) as ours:
        yield ours


@pytest.mark.parametrize("module", OVER_HTTP, ids=lambda module: module.__name__.rpartition("_")[2])
def test_a_server_is_measured(module: ModuleType, ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, rows = OVER_HTTP[module]
    for name, value in sizes.items():
        monkeypatch.setattr(module, name, value)
    for name in {"serving", "serving_fleet"} & vars(module).keys():
        monkeypatch.setattr(module, name, lambda *_: nullcontext(ours))
    if hasattr(module, "copy_fleet"):
        monkeypatch.setattr(module, "copy_fleet", lambda data, _: copy_fleet(data, FEW, players=4))
    measured = list(module.measure())
    assert len(measured) == rows
    assert not [row for row in measured if row.ours <= 0 and row.unit != "% of a core"]


def test_growth_is_measured(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"ROUNDS": 1, "SHORT": 1e-6, "SECONDS": 0.01, "STEPS": 1, "PAGE": 2, "RULES": 2}
    for name, value in few.items():
        monkeypatch.setattr(measure_growth, name, value)
    monkeypatch.setenv("GROWTH", "sqlite:100,200")
    monkeypatch.setattr(measure_growth, "serving", lambda *_: nullcontext(ours))
    monkeypatch.setattr(measure_growth, "copy_fleet", lambda data, size: copy_fleet(data, size, players=4))
    assert len([row for row in measure_growth.measure() if "200" in row.name]) == 12


def test_all_benchmarks_together_take_a_quarter_of_an_hour() -> None:
    page = Path(*bench.__path__, "README.md").read_text(encoding="utf-8")
    minutes = {name: float(each) for name, each in re.findall(r"^\| (\w+) \| ([\d.]+) \|$", page, re.MULTILINE)}
    assert {name.removeprefix("measure_") for name in NAMES} <= minutes.keys()
    assert sum(minutes.values()) <= 15


async def test_filters_are_measured_over_devices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"DEVICE_COUNT": 5000, "TURNS": 1, "ROUNDS": 1, "LOOK_UPS": 10, "SHORT": 0.0}
    for name, value in few.items():
        monkeypatch.setattr(measure_expressions, name, value)
    await measure_expressions.fill(store)
    rows = [row.name async for row in measure_expressions.store_rows(store)]
    assert len(rows) == 8
    assert f"{store.dialect}: tag, count" in rows


async def test_lists_are_measured_under_permissions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEVICE_COUNT": 400, "BATCH": 200, "RULES": 200, "TURNS": 1}.items():
        monkeypatch.setattr(measure_permissions, name, value)
    await measure_permissions.fill(store)
    assert len([row async for row in measure_permissions.store_rows(store)]) == 4


def test_token_checks_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SESSIONS", "CHECKS"):
        monkeypatch.setattr(measure_access, name, 20)
    assert [row.unit for row in measure_access.token_checks()] == ["checks/s"] * 2
