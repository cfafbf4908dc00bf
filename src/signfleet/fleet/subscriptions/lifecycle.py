"""The life of a device subscription: what becomes of it as time goes by (PlayerSubscription of the contract).

    stock ──activate──▶ Active ──▶ Suspending ──▶ Suspended ──▶ expired, gone
                        └── activity period ───┘└ SUSPENDED_PERIOD ┘

The contract names the phases and the fourteen days; how long a subscription stays Suspended, in which its owner may
still put another in its place, is our choice. One without an expiration date goes on for ever.

All points in time and periods are milliseconds. Nothing here reads a clock: `now` is always given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from signfleet.fleet.subscriptions.schemas import Status, Type
from signfleet.foundation.wire.timespan import DAY

GRACE_PERIOD: Final = 30 * DAY
SUSPENDING_PERIOD: Final = 14 * DAY
SUSPENDED_PERIOD: Final = 30 * DAY
UNLIMITED_PERIOD: Final = 365 * DAY
"""What a subscription without end states as its activity period: it renews itself from year to year."""

DEMO_LIMIT: Final = 4
"""How many Demo subscriptions a network may have."""


@dataclass(frozen=True, slots=True)
class Life:
    """The dates of a subscription. One that was never activated has neither suspension nor expiration date."""

    type: Type
    activity_period: int
    creation_date: int
    activation_date: int | None = None
    suspension_date: int | None = None
    expiration_date: int | None = None

    @property
    def suspends_at(self) -> int | None:
        """When its activity period is over; None if nothing is fixed yet or it never does."""
        if self.activation_date is None or self.expiration_date is None:
            return None
        return self.activation_date + self.activity_period


def stocked(type_: Type, activity_period: int, now: int) -> Life:
    """A new subscription that waits for a device; its time does not run yet."""
    return Life(type_, activity_period, creation_date=now)


def unlimited(now: int) -> Life:
    """A Commercial subscription at work from now on, without end."""
    return Life("Commercial", UNLIMITED_PERIOD, creation_date=now, activation_date=now)


def grace(now: int, *, had_grace: bool) -> Life | None:
    """What a device gets at its first registration; None if it has had its grace before, wherever that was."""
    return None if had_grace else activated(stocked("Grace", GRACE_PERIOD, now), now)


def activated(life: Life, now: int) -> Life:
    """The subscription as its first device reports: time runs from now on. A later device does not restart it."""
    if life.activation_date is not None:
        return life
    return replace(life, activation_date=now, expiration_date=now + life.activity_period + SUSPENDED_PERIOD)


def released(life: Life) -> Life | None:
    """What is left for another device when the subscription's own is deleted: a grace ends with its device."""
    return None if life.type == "Grace" else life


def status(life: Life, now: int) -> Status | None:
    """The phase the subscription is in; None once it has expired."""
    if life.suspends_at is None or life.expiration_date is None:
        return "Active"
    if now >= life.expiration_date:
        return None
    if now >= life.suspends_at:
        return "Suspended"
    return "Suspending" if life.suspends_at - now < SUSPENDING_PERIOD else "Active"


def aged(life: Life, now: int) -> Life:
    """The subscription as it is now: the suspension date is there if, and only if, it is Suspended."""
    return replace(life, suspension_date=life.suspends_at if status(life, now) == "Suspended" else None)


def due(life: Life, now: int) -> int | None:
    """The next moment at which the status changes; None if it never will again."""
    if life.suspends_at is None or life.expiration_date is None:
        return None
    changes = (life.suspends_at - SUSPENDING_PERIOD + 1, life.suspends_at, life.expiration_date)
    return next((change for change in changes if change > now), None)
