"""Counts and times of requests, and counts of connections, for Prometheus.

These are plain numbers, turned into metrics only when they are asked for: the library's own counters take a lock and a
look-up for each label on every request.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

#: Upper bounds, in seconds.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class RequestMetrics(Collector):
    """How many requests were answered, by method, route and status, and how long each route took."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._seconds: dict[str, float] = defaultdict(float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._answered[method, route, status] += 1
        self._buckets[route][bisect_left(BUCKETS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        answered = CounterMetricFamily("signfleet_requests", "Requests answered.", labels=["method", "route", "status"])
        for (method, route, status), count in list(self._answered.items()):
            answered.add_metric([method, route, str(status)], count)
        yield answered
        seconds = HistogramMetricFamily("signfleet_request_seconds", "Time to answer a request.", labels=["route"])
        for route, counts in list(self._buckets.items()):
            total = 0
            buckets = []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, float(total)))
            seconds.add_metric([route], buckets, self._seconds[route])
        yield seconds


class ConnectionMetrics(Collector):
    """How many connections are open and may be, and how many were turned away or ended, by reason."""

    def __init__(self) -> None:
        self.open = 0
        self.limit = 0
        self.refused: dict[str, int] = defaultdict(int)

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("signfleet_connections", "Connections that are open.", self.open)
        yield GaugeMetricFamily("signfleet_connections_limit", "Connections that may be open at once.", self.limit)
        refused = CounterMetricFamily(
            "signfleet_connections_refused", "Connections turned away or ended by the server.", labels=["reason"]
        )
        for reason, count in list(self.refused.items()):
            refused.add_metric([reason], count)
        yield refused


REQUESTS = RequestMetrics()
CONNECTIONS = ConnectionMetrics()
REGISTRY.register(REQUESTS)
REGISTRY.register(CONNECTIONS)
