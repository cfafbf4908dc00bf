"""The report that compares the source with the rules of the house."""

from __future__ import annotations

import re

import pytest

from signfleet.app.wiring import endpoints
from signfleet.testing.routes import endpoints as testing_endpoints
from tools import house


def test_verbose_prints_a_line_per_measure_and_its_places(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # `make check` looks for dead code, which takes longer than all other measures together.
    monkeypatch.setattr(house, "unused", lambda _root: ["src/signfleet/cats.py:7: unused variable 'Tom'"])
    house.main(is_verbose=True)
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if not line.startswith(" ")]
    assert len(lines) == len(house.MEASURES)
    assert not [line for line in lines if not re.match(r"[^:]+: \S", line)]
    assert [line for line in lines if re.match(r"decorator lines: \d+ of \d+ endpoints \(", line)]
    assert re.search(r"^    src/signfleet/\S+:\d+ ", printed, re.MULTILINE)


def test_without_verbose_no_place_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(house, "MEASURES", (lambda: house.Measure("cats", 0, ["Tom"]),))
    house.main(is_verbose=False)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("cats: 1")


@pytest.mark.parametrize(("number", "is_met"), [(3, True), (4, False)])
def test_a_measure_is_met_up_to_its_goal(number: int, is_met: bool) -> None:
    measure = house.Measure("cats", 3, [], number, " of the neighbours")
    assert measure.is_met is is_met
    assert str(measure).startswith(f"cats: {number} of the neighbours (at most 3)")


def test_check_alone_makes_a_missed_goal_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "MEASURES", (lambda: house.Measure("cats", 0, ["Tom"]),))
    assert house.status([]) == 0
    assert house.status(["--check"]) == 1


def test_counts_the_decorators_of_all_endpoints() -> None:
    handlers = {endpoint.handler.__code__ for endpoint in (*endpoints(), *testing_endpoints)}
    declared = {(path, decorator.lineno) for path, decorator in house.declarations()}
    assert len(declared) >= len(handlers)
