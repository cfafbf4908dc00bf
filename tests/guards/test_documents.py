"""What is generated is up to date; `make docs` brings it there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signfleet.fleet.remote.table import ROUTES
from signfleet.web.http.documented import documented
from tests.processes import ROOT
from tools import compatibility, performance, reference


@pytest.mark.parametrize(
    ("path", "render"),
    [
        (compatibility.TARGET, compatibility.render),
        (reference.SETTINGS, reference.settings),
        (reference.COMMANDS, reference.commands),
        (performance.TARGET, performance.render),
    ],
    ids=["COMPATIBILITY.md", "docs/settings.md", "docs/cli.md", "docs/performance.md"],
)
def test_generated_documents_are_up_to_date(path: Path, render: Callable[[], str]) -> None:
    assert path.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_every_mark_names_a_documented_endpoint() -> None:
    known = {compatibility.key(row) for row in documented()} | {compatibility.REMOTE_DWS, compatibility.B_DEPLOY}
    assert {name for name, _ in compatibility.marks()} <= known


def test_every_endpoint_of_the_contract_is_tested() -> None:
    tested = {name for name, _ in compatibility.marks()}
    assert {compatibility.key(row) for row in documented()} <= tested


@pytest.mark.parametrize("api", [compatibility.MAIN, compatibility.REMOTE_DWS, compatibility.B_DEPLOY])
def test_every_route_of_the_references_has_a_row_and_a_test(api: str) -> None:
    rows = compatibility.TARGET.read_text(encoding="utf-8").splitlines()
    named = compatibility.references(api)
    for named_route in named:
        beginning = f"| {named_route.method} | `{named_route.route}` |"
        (row,) = [line for line in rows if line.startswith(beginning)]
        tests = compatibility.tests_of(named_route)
        assert ("| offered |" in row) == bool(tests), row
        assert ("not planned: " in row) != bool(tests), row
        for path in tests:
            assert f"({path})" in row
            assert (ROOT / path).is_file(), f"{row} names a test that does not exist"
    assert len(named) == len(set(named)) > 15


def test_every_route_of_remote_dws_is_named_by_a_reference() -> None:
    named = {(each.method, each.route.strip("/")) for each in compatibility.references(compatibility.REMOTE_DWS)}
    assert {(route.method, route.pattern) for route in ROUTES} <= named
