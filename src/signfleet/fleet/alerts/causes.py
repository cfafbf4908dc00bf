"""What is wrong with a device, however many rules notice it: a device has one live alert for each cause.

A cause is coarser than the reason of a health, so that an alert goes on when a storage that was nearly full is full.
Events that say the same as a health have its cause; every other kind of event is a cause of its own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.fleet.alerts.conditions import DeviceState
from signfleet.fleet.alerts.schemas import AlertCause, CauseKind, Condition
from signfleet.fleet.health.rules import Reason, ReasonCode
from signfleet.fleet.health.wording import describe
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.notify.events.store import EventRow

CONTACT: Final = "contact"
#: The cause of each reason, and of a health that has none.
CAUSES: Final[dict[ReasonCode | None, CauseKind]] = {
    None: "normal",
    "neverReported": CONTACT,
    "silent": CONTACT,
    "storageReadOnly": "storage",
    "storageFull": "storage",
    "storageNearlyFull": "storage",
    "deviceError": "error",
    "subscriptionSuspended": "subscription",
}
#: While a device is silent nobody knows whether these are over.
UNKNOWN_WHILE_SILENT: Final = frozenset(CAUSES.values()) - {CONTACT, "normal"}
#: How much of an event's name a reason shows.
_LONGEST: Final = 200


class Finding(NamedTuple):
    """What is wrong: the word of the cause, a few English words, and the same as data."""

    kind: CauseKind
    text: str
    data: AlertCause


def cause_of_state(condition: Condition, device: DeviceState, now: int) -> Finding:
    """Returns what is wrong with a device that meets a condition."""
    code, date = device.health_reason, device.health_reason_date
    if condition.kind == "silent" or code in ("silent", "neverReported"):
        code = "neverReported" if device.status_date is None else "silent"
        reported = "never" if device.status_date is None else datetime.format(device.status_date // 1000 * 1000)
        return Finding(
            CONTACT, f"last report {reported}", AlertCause(kind=CONTACT, code=code, date=_date(device.status_date))
        )
    if code is None:
        return Finding("normal", f"health {device.health}", AlertCause(kind="normal", code="normal"))
    reason = Reason(code, date, device.health_reason_subject, device.health_reason_number)
    data = AlertCause(
        kind=CAUSES[code],
        code=code,
        date=_date(date),
        subject=reason.subject,
        free_percent=reason.number,
    )
    return Finding(data.kind, f"health {device.health}: {describe(reason, now)}", data)


def cause_of_event(event: EventRow) -> Finding:
    """Returns what an event says is wrong."""
    kind, code = _of_event(event)
    text = f"{event.kind}: {event.name}" if event.name else event.kind
    name = None if event.name is None else event.name[:_LONGEST]
    return Finding(kind, text[:_LONGEST], AlertCause(kind=kind, code=code, date=_date(event.date), subject=name))


def _of_event(event: EventRow) -> tuple[CauseKind, str]:
    if event.kind == "ErrorReported":
        return "error", "deviceError"
    data = msgspec.json.decode(event.data) if event.kind in ("HealthChanged", "SubscriptionAged") else {}
    code = data.get("code")
    if code is not None and code in CAUSES:
        return CAUSES[code], code
    if event.kind == "SubscriptionAged" and data.get("to") == "Suspended":
        return "subscription", "subscriptionSuspended"
    return event.kind, event.kind


def stored(data: AlertCause) -> str:
    """Returns the data of a cause as a row has it."""
    return encode(data).decode()


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)
