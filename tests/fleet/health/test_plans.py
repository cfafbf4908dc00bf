"""What reads health does so by an index, whatever the number of devices."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from signfleet.fleet.health import gauges_store, listening_store, outages_store, overview_store, reading_store, store
from signfleet.fleet.health.catalogue import HEALTHS
from signfleet.foundation.expressions.listing import EVERYTHING, Listing
from signfleet.foundation.storage.query import Query

PARAMETERS: dict[str, Any] = {
    "network_id": 1,
    "device_id": 1,
    "moment": 1,
    "now": 1,
    "limit": 1,
    "count": 1,
    "ids": [1],
    "before": 1,
}
BY_DATE = Listing(HEALTHS).statement(None, HEALTHS.sort("[Since] DESC"))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (BY_DATE, "ix_device_health_since"),
        (store.ANY_DUE, "ix_device_status_due"),
        (store.LOCK_DUE, "ix_device_status_due"),
        (store.LAST_TOTALS, "uq_health_period_device"),
        (store.DELETE_OLD_PERIODS, "ix_health_period_age"),
        (reading_store.PERIOD_AT, "uq_health_period_device"),
        (overview_store.TOTALS_AT, "pk_health_total"),
        (gauges_store.FIRST_EXPECTED, "ix_device_status_due"),
        (gauges_store.OPEN_ALERTS, "ix_alert_age"),
        (gauges_store.OPEN_COMMANDS, "ix_command_age"),
        (listening_store.HEARTBEAT, "heartbeat"),
        (outages_store.reasons(EVERYTHING), "COVERING INDEX ix_device_cause (network_id=? AND health=?)"),
        (outages_store.shared(EVERYTHING), "ix_device_cause (network_id=? AND health=? AND health_reason=?)"),
    ],
)
def test_an_index_serves_it(migrated_sqlite: Path, query: Query, index: str) -> None:
    prepared = query.prepared("sqlite")
    with sqlite3.connect(migrated_sqlite) as connection:
        connection.create_function("next_moment", -1, max)
        plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", prepared.arguments(PARAMETERS)).fetchall()
    steps = [row[3] for row in plan]
    named = index.replace("pk_health_total", "sqlite_autoindex_health_total_1")
    named = named.replace("heartbeat", "sqlite_autoindex_heartbeat_1")
    assert any(named in step or ("PRIMARY KEY" in step and index in step) for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN device") and "INDEX" not in step], steps
    assert not [step for step in steps if step.startswith(("SCAN health", "SCAN device_error"))], steps


def test_a_search_for_silent_devices_in_the_order_of_names_reads_no_more_than_a_page(migrated_sqlite: Path) -> None:
    """The index of causes would serve it, but all of a fleet may be silent, and they would be sorted."""
    silent = HEALTHS.filter("[status].[health] IS 'Error' AND [reason].[code] IS 'silent'")
    prepared = Listing(HEALTHS).statement(silent, HEALTHS.sort("[settings].[name] ASC")).prepared("sqlite")
    with sqlite3.connect(migrated_sqlite) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", prepared.arguments(PARAMETERS)).fetchall()
    [step, *more] = [row[3] for row in plan]
    assert "ix_device_health_name" in step
    assert not more
