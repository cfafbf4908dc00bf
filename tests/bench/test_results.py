"""Results are files of the last few commits, and docs/performance.md shows the newest of each table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import results
from bench.table import Row
from tools import performance

GET = Row("get", "per CPU s", 20_000, 40_000, 0.5, at_least=0.6)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return tmp_path


def write(folder: Path, commit: str, time: str, **tables: list[Row]) -> None:
    measured = {
        name: {"time": time, "machine": "m", "rows": [vars(row) for row in rows]} for name, rows in tables.items()
    }
    content = {"commit": commit, "versions": {"Python": "3.11"}, "tables": measured}
    (folder / f"{time[:10]}-{commit}.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("row", "goal", "is_missed"),
    [
        (Row("a", "ms", 1, 1, 0.599, at_least=0.6), "≥ 0.6", False),
        (Row("a", "ms", 1, 1, 0.59, at_least=0.6), "≥ 0.6", True),
        (Row("a", "ms", 1, 1, 2.0, at_most=2), "≤ 2", False),
        (Row("a", "ms", 1, 1, 2.1, at_most=2), "≤ 2", True),
        (Row("a", "ms", 1, 1, 2.1), "", False),
    ],
)
def test_a_goal_is_compared_as_it_is_shown(row: Row, goal: str, is_missed: bool) -> None:
    assert (row.goal, row.is_missed) == (goal, is_missed)


def test_the_file_of_a_commit_collects_tables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "commit", lambda: "abcd1234+")
    results.save("requests", [GET], "m, load 0.1")
    path = results.save("access", [GET, GET], "m, load 0.1")
    assert path.name.endswith("-abcd1234-changed.json")
    assert {name: len(table.rows) for name, table in results.newest().items()} == {"access": 2, "requests": 1}


def test_the_oldest_files_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "commit", lambda: "abcd1234")
    for day in range(1, results.LAST + 1):
        write(folder, "c0", f"2020-01-{day:02}T00:00:00Z", requests=[GET])
    results.save("requests", [GET], "m")
    assert min(path.name for path in folder.iterdir()) == "2020-01-02-c0.json"
    assert len(list(folder.iterdir())) == results.LAST


def test_the_newest_of_each_table_counts(folder: Path) -> None:
    write(folder, "old", "2020-01-01T00:00:00Z", requests=[GET], access=[GET])
    write(folder, "new", "2020-01-02T00:00:00Z", requests=[GET])
    assert {name: table.commit for name, table in results.newest().items()} == {"requests": "new", "access": "old"}


def test_a_table_shows_whether_its_goals_are_met(folder: Path) -> None:
    write(folder, "abcd", "2020-01-01T00:00:00Z", requests=[GET])
    text = performance.markdown(results.newest()["requests"])
    assert "| get | per CPU s | 20,000 | 40,000 | 0.50 | ≥ 0.6 | missed |\n" in text
    assert "Commit abcd, 2020-01-01T00:00:00Z, m. Python 3.11." in text


def test_every_benchmark_has_its_place_on_the_page() -> None:
    files = Path(results.__file__).parent.glob("measure_*.py")
    names = {path.stem.removeprefix("measure_") for path in files}
    assert performance.places() == names
