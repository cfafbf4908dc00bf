"""The list of differences from the contract names tests that exist, and some that it shows itself."""

from __future__ import annotations

import re

import pytest
from httpx import AsyncClient

from tests.conftest import ON_SQLITE
from tests.processes import ROOT as REPOSITORY
from tests.world import OFFERED, World, name

PAGE = (REPOSITORY / "docs" / "differences.md").read_text(encoding="utf-8")
ENTRIES = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| here |", "| --- |"))]
TEST = re.compile(r"\| \[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\) \|$")


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_names_a_test_that_exists(entry: str) -> None:
    named = TEST.search(entry)
    assert named is not None
    source = (REPOSITORY / named[2]).read_text(encoding="utf-8")
    assert re.search(rf"^(?:async )?def {named[1]}\(", source, re.MULTILINE)


def test_an_entry_has_a_reason() -> None:
    assert all(len(entry.split(" | ")) == 3 for entry in ENTRIES)


@ON_SQLITE
async def test_no_request_for_one_thing_is_answered_300(world: World, admin: AsyncClient) -> None:
    """Neither for what is there nor for what is not, by any of its names."""
    listed = [endpoint for endpoint in OFFERED if "300" in endpoint.errors and endpoint.method == "GET"]
    for endpoint in listed:
        method, url, sent = await world.request(endpoint)
        assert (await admin.request(method, url, **sent)).status_code != 300, name(endpoint)
    assert len(listed) > 20
