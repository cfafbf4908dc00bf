"""Measures the fleet: its health, open alerts, commands under way."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.fleet.health import gauges_store as queries
from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store
from signfleet.web.monitoring.gauges import Measure, Source, single


def health_source(store: Store) -> Source:
    """Returns the source of the fleet's measures: maintained counts and look-ups by an index."""

    async def read() -> Sequence[Measure]:
        now = clock.now()
        counts = await store.all(queries.COUNTS)
        expected = await store.one(queries.FIRST_EXPECTED)
        heard = await store.one(queries.HEARD)
        alerts = {row.state: row.total for row in await store.all(queries.OPEN_ALERTS)}
        commands = {row.state: row.total for row in await store.all(queries.OPEN_COMMANDS)}
        return [
            Measure(
                "signfleet_devices",
                f"Devices by network and health, of up to {queries.NETWORKS} networks.",
                [((row.name, row.health), row.total) for row in counts],
                ("network", "health"),
            ),
            Measure(
                "signfleet_alerts",
                f"Alerts that are not resolved, up to {queries.COUNTED}.",
                [((state,), alerts.get(state, 0)) for state in ("pending", "open", "acknowledged", "muted")],
                ("state",),
            ),
            Measure(
                "signfleet_commands",
                f"Commands that have not ended, up to {queries.COUNTED}.",
                [((state,), commands.get(state, 0)) for state in ("queued", "sent", "running")],
                ("state",),
            ),
            single(
                "signfleet_oldest_expected_report_seconds",
                "Time since the last report of the device whose next report is due first.",
                None if expected is None else max(now - expected.status_date, 0) / 1000,
            ),
            single(
                "signfleet_heartbeat_seconds",
                "Time since a server of this installation last noted that reports can arrive.",
                None if heard is None else max(now - clock.ahead() - heard.date, 0) / 1000,
            ),
            single(
                "signfleet_outage_end_seconds",
                "When the last outage of all servers ended, in seconds since 1970.",
                None if heard is None or heard.ended is None else heard.ended / 1000,
            ),
        ]

    return read
