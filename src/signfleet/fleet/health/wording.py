"""Words the reason of a health in English; clients with other languages word its data themselves."""

from __future__ import annotations

from signfleet.fleet.health.rules import Reason
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE


def describe(reason: Reason, now: int) -> str:
    """Returns a reason as a few words, such as `SD1 0.4 % free`."""
    match reason.code:
        case "neverReported":
            return "has never reported"
        case "silent":
            return "silent" if reason.date is None else f"silent since {datetime.format(reason.date // 1000 * 1000)}"
        case "storageReadOnly":
            return f"{reason.subject} read-only"
        case "storageFull" | "storageNearlyFull":
            return f"{reason.subject} {reason.number or 0:g} % free"
        case "deviceError":
            return f"error {reason.subject} {_ago(now - (reason.date or 0))}"
        case "subscriptionSuspended":
            return "subscription suspended"


def _ago(time: int) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if time >= unit:
            return f"{time // unit} {name} ago"
    return "just now"
