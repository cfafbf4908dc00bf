"""Measures the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store
from signfleet.notify.outbox import store as queries
from signfleet.web.monitoring.gauges import Measure, Source

CHANNELS = ("mail", "webhook")


def outbox_source(store: Store) -> Source:
    """Returns the source of the outbox's measures. It counts at most `store.COUNTED` messages of a state."""

    async def read() -> Sequence[Measure]:
        now = clock.now()
        counts, ages = [], dict.fromkeys(CHANNELS, 0.0)
        for state in ("waiting", "failed"):
            found = {row.channel: row for row in await store.all(queries.COUNT_STATE, state=state)}
            counts += [((name, state), float(found[name].total if name in found else 0)) for name in CHANNELS]
            if state == "waiting":
                ages |= {name: max(now - row.oldest, 0) / 1000 for name, row in found.items()}
        return [
            Measure(
                "signfleet_outbox_messages",
                f"Messages in the outbox that wait or were given up, up to {queries.COUNTED} of a state.",
                counts,
                ("channel", "state"),
            ),
            Measure(
                "signfleet_outbox_oldest_seconds",
                "Age of the oldest message that waits.",
                [((name,), age) for name, age in ages.items()],
                ("channel",),
            ),
        ]

    return read
