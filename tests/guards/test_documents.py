"""What is generated is up to date; `make docs` brings it there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signfleet.web.http.documented import documented
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
    assert {name for name, _ in compatibility.marks()} <= {compatibility.key(row) for row in documented()}


def test_every_endpoint_of_the_contract_is_tested() -> None:
    tested = {name for name, _ in compatibility.marks()}
    assert {compatibility.key(row) for row in documented()} <= tested
