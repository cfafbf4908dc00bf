"""The documentation lists every kind of event with the members of its data."""

from __future__ import annotations

import re

import pytest

from signfleet.notify.events.kinds import KINDS
from tests.processes import ROOT

ROWS = re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE)


def test_the_documentation_lists_every_kind() -> None:
    assert [kind for kind, _ in ROWS] == list(KINDS)


@pytest.mark.parametrize(("kind", "members"), ROWS)
def test_the_documentation_lists_every_member(kind: str, members: str) -> None:
    assert re.findall(r"`(\w+)`", members) == list(KINDS[kind].__struct_encode_fields__)
