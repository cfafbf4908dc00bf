"""How regions are read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from signfleet.fleet.devices.regions.store import _regions
from signfleet.foundation.expressions.listing import EVERYTHING
from signfleet.foundation.storage.query import Query


def test_an_index_alone_is_enough_to_sum_up_regions(migrated_sqlite: Path) -> None:
    prepared = Query(_regions(None, EVERYTHING)).prepared("sqlite")
    with sqlite3.connect(migrated_sqlite) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", [None] * prepared.text.count("?")).fetchall()
    [step] = [detail for *_, detail in plan if "device" in detail]
    assert step.startswith("SEARCH device USING COVERING INDEX ix_device_location")
