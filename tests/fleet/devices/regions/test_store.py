"""How SQLite plans regions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.regions.store import _ANYWHERE, _maintained, _regions
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


def test_a_filter_with_an_index_reads_only_what_it_matches(migrated_sqlite: Path) -> None:
    query = Query(_regions(DEVICES.filter("[status].[health] IS 'Error'"), EVERYTHING, _ANYWHERE))
    prepared = query.prepared("sqlite")
    with sqlite3.connect(migrated_sqlite) as connection:
        arguments = prepared.arguments({"network_id": 1})
        plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", arguments).fetchall()
    assert [detail for *_, detail in plan if "INDEX ix_device_health" in detail and "health=?" in detail], plan
