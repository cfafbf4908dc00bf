"""The conditions of rules: pure functions of a device's state, `now` given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from signfleet.fleet.alerts.schemas import Condition
from signfleet.fleet.health.rules import Outage, ReasonCode, deadline
from signfleet.foundation.wire.timespan import DAY, MINUTE


class DeviceState(Protocol):
    """What conditions compare; dates in ms."""

    id: int
    serial: str
    health: str
    health_since: int
    health_reason: ReasonCode | None
    health_reason_date: int | None
    health_reason_subject: str | None
    health_reason_number: float | None
    status_date: int | None


read_condition = msgspec.json.Decoder(Condition).decode


def begun(condition: Condition, device: DeviceState, now: int, outages: Sequence[Outage]) -> int | None:
    """Returns since when a device meets a condition (ms); None if it does not, and for events.

    Silence counts from when a server could have heard the device, as in its health.
    """
    if condition.kind == "event":
        return None
    if condition.kind == "health":
        is_met = device.health in condition.health
        is_met &= not condition.reasons or device.health_reason in condition.reasons
        since = device.health_since or now
        if device.health_reason == "silent":  # the health may have been the same before, for another reason
            since = max(since, device.status_date or 0)
        return since if is_met else None
    if device.status_date is None:
        return None
    silent_from = deadline(device.status_date, (condition.minutes or 0) * MINUTE, outages)
    return silent_from if now >= silent_from else None


class WindowTimes(Protocol):
    begin_date: int
    end_date: int
    repeats: str


def is_within(window: WindowTimes, now: int) -> bool:
    """Returns whether a maintenance window is open at `now`."""
    if now < window.begin_date:
        return False
    period = {"daily": DAY, "weekly": 7 * DAY}.get(window.repeats)
    passed = now - window.begin_date
    return (passed if period is None else passed % period) < window.end_date - window.begin_date
