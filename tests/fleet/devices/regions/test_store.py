"""How SQLite plans regions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from signfleet.fleet.devices.regions.store import _maintained
from signfleet.foundation.expressions.listing import EVERYTHING
from signfleet.foundation.storage.query import Query


def test_regions_read_no_device_but_those_at_the_edges(migrated_sqlite: Path) -> None:
    prepared = Query(_maintained(EVERYTHING)).prepared("sqlite")
    with sqlite3.connect(migrated_sqlite) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", [None] * prepared.text.count("?")).fetchall()
    steps = [detail for *_, detail in plan if detail.startswith(("SEARCH device ", "SCAN device "))]
    edges = [
        f"ix_device_{axis} (network_id=? AND location_key=? AND gps_{axis}>?" for axis in ("latitude", "longitude")
    ]
    assert len(steps) == 4
    for step in steps:
        assert any(step.startswith(f"SEARCH device USING COVERING INDEX {edge}") for edge in edges), step
