"""The entities of metrics, as operators see them."""

from __future__ import annotations

from typing import Literal

from signfleet.fleet.devices.schemas import Entity
from signfleet.foundation.wire.types import DateTime, TimeSpan

Range = Literal["24h", "7d", "30d"]


class MetricSeries(Entity):
    """The history of one metric: one number for each date of the answer, null where the player sent none."""

    name: str
    minimum: list[float | None]
    average: list[float | None]
    maximum: list[float | None]


class DeviceMetrics(Entity):
    """What a player has measured: the last values, by name, and their history.

    `date` is that of the last values; null if the player has never sent any. `dates` are when the slots of the history
    begin, which are `step` long; slots without values are left out.
    """

    date: DateTime | None
    latest: dict[str, float]
    step: TimeSpan
    dates: list[DateTime]
    series: list[MetricSeries]
