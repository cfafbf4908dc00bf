"""The metrics of a player: the last values, and a chart of each with the same numbers as a table."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from signfleet.console.pages import Pages
from signfleet.console.player.page import PlayerPages
from signfleet.console.player.strip import RANGES
from signfleet.console.view import View
from signfleet.fleet.devices.metrics.schemas import DeviceMetrics, MetricSeries
from signfleet.fleet.devices.metrics.service import Metrics
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer

#: How many rows the table beside a chart has at most.
ROWS: Final = 24

pages = Pages("/console/players")
_read = msgspec.json.Decoder(DeviceMetrics).decode


class Row(NamedTuple):
    """What a metric was in a part of the range, which begins at `date` (ms)."""

    date: int
    least: float
    average: float
    most: float


@pages.get("/{player}/metrics/", operation=VIEW_DEVICE)
async def show_metrics(view: View, player_pages: PlayerPages, device_metrics: Metrics, player: str) -> Answer:
    """Get what a player has measured last, with a chart of each metric."""
    shown = await player_pages.get(view, player)
    return player_pages.answer(
        view,
        shown,
        "metrics",
        range=_range(view),
        ranges=RANGES,
        latest=await device_metrics.latest(view.session, str(shown.health.id)),
    )


@pages.get("/{player}/metrics/{name}/", operation=VIEW_DEVICE)
async def show_metric(view: View, player_pages: PlayerPages, device_metrics: Metrics, player: str, name: str) -> Answer:
    """Get the history of one metric: as a page, or for a script its chart."""
    range_ = _range(view)
    found = _read(await device_metrics.get(view.session, player, range_, name, view.now))
    series = found.series[0] if found.series else MetricSeries(name, [], [], [])
    dates = [datetime.parse(date) or 0 for date in found.dates]
    values: dict[str, Any] = {
        "name": name,
        "range": range_,
        "ranges": RANGES,
        "data": msgspec.json.encode([[date // 1000 for date in dates], *_lines(series)]).decode(),
        "rows": rows_of(dates, series, view.now - RANGES[range_][0], view.now),
    }
    if view.is_fragment:
        return view.page("player/metric.html", **values)
    return await player_pages.tab(view, player, "metrics", latest=None, **values)


def rows_of(dates: list[int], series: MetricSeries, since: int, now: int) -> list[Row]:
    """Returns the numbers of a chart in at most `ROWS` parts of the range, the latest first."""
    step = (now - since) // ROWS
    parts: dict[int, list[tuple[float, float, float]]] = {}
    for date, least, average, most in zip(dates, *_lines(series), strict=True):
        if least is not None and average is not None and most is not None:
            parts.setdefault((date - since) // step, []).append((least, average, most))
    return [
        Row(
            since + part * step,
            min(least for least, _, _ in points),
            sum(average for _, average, _ in points) / len(points),
            max(most for _, _, most in points),
        )
        for part, points in sorted(parts.items(), reverse=True)
    ]


def _lines(series: MetricSeries) -> tuple[list[float | None], list[float | None], list[float | None]]:
    return series.minimum, series.average, series.maximum


def _range(view: View) -> str:
    range_ = view.call.parameter("range") or "24h"
    if range_ not in RANGES:
        raise Invalid(f"'range': choose one of {', '.join(RANGES)}.")
    return range_
