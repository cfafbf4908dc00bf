"""The documentation lists every kind of event with the members of its data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signfleet.notify.events.kinds import KINDS
from tests.processes import ROOT

ROWS = re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE)


def test_the_documentation_lists_every_kind() -> None:
    assert [kind for kind, _ in ROWS] == list(KINDS)


@pytest.mark.parametrize(("kind", "members"), ROWS)
def test_the_documentation_lists_every_member(kind: str, members: str) -> None:
    assert re.findall(r"`(\w+)`", members) == list(KINDS[kind].__struct_encode_fields__)


def test_a_test_elsewhere_expects_each_kind() -> None:
    """A kind that nothing records any more is as wrong as one that nothing lists."""
    files = [file.read_text() for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]
    expected = {name for text in files for name in re.findall(r"[\"'](\w+)[\"']", text)}
    assert KINDS.keys() - expected == set()
