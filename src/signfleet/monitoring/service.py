"""Whether the server is well, and what it has counted."""

from __future__ import annotations

import prometheus_client
from prometheus_client import Info

from signfleet import __version__
from signfleet.monitoring import store as queries
from signfleet.storage.interface import Store

Info("signfleet", "What runs here.").info({"version": __version__})

#: The text format of Prometheus, which every collector reads.
METRICS_TYPE = "text/plain"


class Monitoring:
    """Reads the state of this process and its store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def check_store(self) -> None:
        """Return if the store answers; raise `StorageError` otherwise."""
        await self._store.one(queries.ANYTHING)

    def metrics(self) -> bytes:
        """The counters of this process in the text format of Prometheus."""
        return prometheus_client.generate_latest()
