"""Measures the store."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.foundation.storage.interface import Store
from signfleet.web.monitoring.gauges import Measure, Source, single


def store_source(store: Store) -> Source:
    """Returns the source of the store's measures."""

    async def read() -> Sequence[Measure]:
        found = await store.measures()
        connections = (
            ("open", found.connections),
            ("idle", found.idle_connections),
            ("limit", found.connections_limit),
        )
        return [
            single("signfleet_store_size_bytes", "Size of the database.", found.size),
            single("signfleet_store_writes_waiting", "Writes that wait for SQLite.", found.writes_waiting),
            single("signfleet_store_writes", "Writes to SQLite.", found.writes, "counter"),
            single("signfleet_store_batches", "Commits to SQLite, each of many writes.", found.batches, "counter"),
            Measure(
                "signfleet_store_connections",
                "Connections to PostgreSQL: open, idle, and how many may be open.",
                [((state,), count) for state, count in connections if count is not None],
                ("state",),
            ),
        ]

    return read
