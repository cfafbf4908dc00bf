"""Collects what the parts of the server measure of themselves, when somebody asks for metrics.

A part offers a source, an async function that reads its numbers from memory or from indexes. A source is read at most
once in `FRESH_SECONDS`, however often somebody asks, and one that fails or takes too long leaves the others alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import prometheus_client
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = structlog.get_logger("metrics")

FRESH_SECONDS = 5.0
ANSWER_SECONDS = 2.0


class Measure(NamedTuple):
    """A metric: its values by those of its labels."""

    name: str
    description: str
    values: Sequence[tuple[tuple[str, ...], float]]
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


def single(name: str, description: str, value: float | None, kind: Literal["gauge", "counter"] = "gauge") -> Measure:
    """Returns a metric without labels; without a value if it is None."""
    return Measure(name, description, [] if value is None else [((), value)], kind=kind)


#: Reads measures.
Source = Callable[[], Awaitable[Sequence[Measure]]]


class _Source:
    """A source with what it last returned."""

    def __init__(self, name: str, read: Source) -> None:
        self.name = name
        self._read = read
        self._task: asyncio.Task[None] | None = None
        self._started = 0.0
        self.measures: Sequence[Measure] = ()
        self.works = False

    async def refresh(self) -> None:
        now = time.monotonic()
        if self._task is None or (self._task.done() and now - self._started >= FRESH_SECONDS):
            self._started = now
            self._task = asyncio.create_task(self._try(), name=f"metrics of {self.name}")
        done, _ = await asyncio.wait({self._task}, timeout=ANSWER_SECONDS)
        if not done:
            self.works = False

    async def _try(self) -> None:
        try:
            self.measures = await self._read()
            self.works = True
        except Exception as error:
            self.measures, self.works = (), False
            log.warning("metrics cannot be read", source=self.name, reason=str(error))


class Gauges(Collector):
    """The sources of all parts."""

    def __init__(self) -> None:
        self._sources: list[_Source] = []
        self._registry = prometheus_client.CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def add(self, name: str, source: Source) -> None:
        """Adds a source. Its name is a label of `signfleet_metrics_source_up`."""
        self._sources.append(_Source(name, source))

    async def render(self) -> bytes:
        """Returns the metrics of this process and of all sources in the text format of Prometheus."""
        await asyncio.gather(*(source.refresh() for source in self._sources))
        return prometheus_client.generate_latest() + prometheus_client.generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        works = GaugeMetricFamily("signfleet_metrics_source_up", "Whether a part could be measured.", labels=["source"])
        for source in self._sources:
            works.add_metric([source.name], source.works)
            yield from map(_family, source.measures)
        yield works


def _family(measure: Measure) -> Metric:
    family = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    metric = family(measure.name, measure.description, labels=measure.labels)
    for labels, value in measure.values:
        metric.add_metric(labels, value)
    return metric
