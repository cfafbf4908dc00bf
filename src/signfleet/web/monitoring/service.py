"""What the server has counted."""

from __future__ import annotations

import prometheus_client
from prometheus_client import Info

from signfleet import __version__

Info("signfleet", "What runs here.").info({"version": __version__})

#: The text format of Prometheus, which every collector reads.
METRICS_TYPE = "text/plain"


class Monitoring:
    """Reads the state of this process."""

    def metrics(self) -> bytes:
        """The counters of this process in the text format of Prometheus."""
        return prometheus_client.generate_latest()
