"""The benchmarks run, with few rows and few turns; no test asserts their times."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import bench
from bench import measure_access, measure_expressions, measure_permissions
from signfleet.foundation.storage.interface import Store

NAMES = sorted(path.stem for path in Path(*bench.__path__).glob("measure_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_has_a_title_and_measures(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert module.__doc__
    assert callable(module.measure)


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
