"""The life cycle of a device subscription (PlayerSubscription of the contract): its phases and their dates.

    stock ──activate──▶ Active ──▶ Suspending ──▶ Suspended ──▶ expired, gone
                        └── activity period ───┘└ SUSPENDED_PERIOD ┘

The contract defines the phases and the fourteen days of Suspending. How long a subscription stays Suspended, so that
its owner can still replace it, is our choice. A subscription without an expiration date never ends.

All dates and periods are milliseconds. Nothing here reads a clock: callers pass `now`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from signfleet.fleet.subscriptions.schemas import Status, Type
from signfleet.foundation.wire.timespan import DAY

GRACE_PERIOD: Final = 30 * DAY
SUSPENDING_PERIOD: Final = 14 * DAY
SUSPENDED_PERIOD: Final = 30 * DAY
EXPIRING_PERIOD: Final = 7 * DAY
"""How long before its expiration a suspended subscription is announced to expire."""
UNLIMITED_PERIOD: Final = 365 * DAY
"""The activity period that a subscription without end shows, as if it were renewed every year."""

DEMO_LIMIT: Final = 4
"""How many Demo subscriptions a network may have."""


@dataclass(frozen=True, slots=True)
class Life:
    """The dates of a subscription. One that was never activated has no suspension or expiration date."""

    type: Type
    activity_period: int
    creation_date: int
    activation_date: int | None = None
    suspension_date: int | None = None
    expiration_date: int | None = None

    @property
    def suspends_at(self) -> int | None:
        """When the activity period ends; None before the activation and for a subscription without end."""
        if self.activation_date is None or self.expiration_date is None:
            return None
        return self.activation_date + self.activity_period

    @property
    def announced_at(self) -> int | None:
        """When its expiration is announced; None for a subscription that does not expire."""
        return None if self.expiration_date is None else self.expiration_date - EXPIRING_PERIOD


def stocked(type_: Type, activity_period: int, now: int) -> Life:
    """Returns a new subscription in stock, whose time does not run yet."""
    return Life(type_, activity_period, creation_date=now)


def unlimited(now: int) -> Life:
    """Returns a Commercial subscription that is active from `now` and never ends."""
    return Life("Commercial", UNLIMITED_PERIOD, creation_date=now, activation_date=now)


def grace(now: int, *, had_grace: bool) -> Life | None:
    """Returns the Grace of a device that registers for the first time; None if it had one before, in any network."""
    return None if had_grace else activated(stocked("Grace", GRACE_PERIOD, now), now)


def activated(life: Life, now: int) -> Life:
    """Starts the time of a subscription when its first device reports; a later device does not restart it."""
    if life.activation_date is not None:
        return life
    return replace(life, activation_date=now, expiration_date=now + life.activity_period + SUSPENDED_PERIOD)


def released(life: Life) -> Life | None:
    """Returns what goes back to the stock when the device is deleted; None for a Grace, which ends with its device."""
    return None if life.type == "Grace" else life


def status(life: Life, now: int) -> Status | None:
    """Returns the phase of a subscription at `now`; None once it has expired."""
    if life.suspends_at is None or life.expiration_date is None:
        return "Active"
    if now >= life.expiration_date:
        return None
    if now >= life.suspends_at:
        return "Suspended"
    return "Suspending" if life.suspends_at - now < SUSPENDING_PERIOD else "Active"


def aged(life: Life, now: int) -> Life:
    """Sets the suspension date if the subscription is Suspended at `now`, and removes it otherwise."""
    return replace(life, suspension_date=life.suspends_at if status(life, now) == "Suspended" else None)


def due(life: Life, now: int) -> int | None:
    """Returns when the status changes next, or the expiration is announced; None if neither ever happens."""
    if life.suspends_at is None or life.expiration_date is None:
        return None
    announced = life.expiration_date - EXPIRING_PERIOD
    changes = (life.suspends_at - SUSPENDING_PERIOD + 1, life.suspends_at, announced, life.expiration_date)
    return next((change for change in changes if change > now), None)
