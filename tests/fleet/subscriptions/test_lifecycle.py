"""The phases of a subscription and their dates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.fleet.subscriptions.lifecycle import (
    SUSPENDED_PERIOD,
    Life,
    activated,
    aged,
    due,
    grace,
    released,
    status,
    stocked,
    unlimited,
)
from signfleet.foundation.wire.timespan import DAY

NOW = 1_700_000_000_000
YEAR = 365 * DAY
YEARLY = activated(stocked("Commercial", YEAR, NOW), NOW)

MOMENTS = st.integers(0, 2_000_000_000_000)
PERIODS = st.integers(1, 1000 * DAY)


def first_grace() -> Life:
    life = grace(NOW, had_grace=False)
    assert life is not None
    return life


def test_the_time_of_a_stocked_subscription_does_not_run() -> None:
    life = stocked("Commercial", YEAR, NOW)
    assert status(life, NOW + 10 * YEAR) == "Active"
    assert due(life, NOW) is None
    assert (life.activation_date, life.suspension_date, life.expiration_date) == (None, None, None)


def test_a_grace_is_active_at_once_and_for_thirty_days() -> None:
    life = first_grace()
    assert (life.type, life.activity_period, life.activation_date) == ("Grace", 30 * DAY, NOW)
    assert status(life, NOW + 30 * DAY - 1) == "Suspending"
    assert status(life, NOW + 30 * DAY) == "Suspended"


def test_a_device_gets_a_grace_only_once() -> None:
    assert grace(NOW, had_grace=True) is None


def test_activation_starts_the_clock_only_once() -> None:
    assert YEARLY.activation_date == NOW
    assert YEARLY.suspends_at == NOW + YEAR
    assert YEARLY.expiration_date == NOW + YEAR + SUSPENDED_PERIOD
    assert activated(YEARLY, NOW + DAY) == YEARLY


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (0, "Active"),
        (YEAR - 14 * DAY, "Active"),
        (YEAR - 14 * DAY + 1, "Suspending"),
        (YEAR - 1, "Suspending"),
        (YEAR, "Suspended"),
        (YEAR + SUSPENDED_PERIOD - 1, "Suspended"),
        (YEAR + SUSPENDED_PERIOD, None),
    ],
)
def test_the_phases_begin_and_end_to_the_millisecond(after: int, expected: str | None) -> None:
    assert status(YEARLY, NOW + after) == expected


def test_a_period_below_fourteen_days_is_suspending_from_the_start() -> None:
    assert status(activated(stocked("Demo", 10 * DAY, NOW), NOW), NOW) == "Suspending"


def test_a_suspension_date_is_set_only_while_suspended() -> None:
    assert aged(YEARLY, NOW).suspension_date is None
    assert aged(YEARLY, NOW + YEAR + DAY).suspension_date == NOW + YEAR
    assert aged(aged(YEARLY, NOW + YEAR + DAY), NOW).suspension_date is None


def test_an_unlimited_subscription_never_ends() -> None:
    life = unlimited(NOW)
    assert (life.type, life.activation_date, life.expiration_date) == ("Commercial", NOW, None)
    assert status(life, NOW + 1000 * YEAR) == "Active"
    assert due(life, NOW) is None


def test_the_subscription_of_a_deleted_device_keeps_its_dates() -> None:
    assert released(YEARLY) == YEARLY


def test_a_grace_ends_with_its_device() -> None:
    assert released(first_grace()) is None


@given(PERIODS, MOMENTS, MOMENTS)
def test_the_status_changes_or_the_end_is_announced_when_due_and_not_before(period: int, start: int, now: int) -> None:
    life = activated(stocked("Commercial", period, start), start)
    change = due(life, now)
    if change is None:
        assert status(life, now) is None
    else:
        assert change > now
        assert status(life, change - 1) == status(life, now)
        assert status(life, change) != status(life, now) or change == life.announced_at


@given(PERIODS, MOMENTS, st.lists(st.integers(0, 2000 * DAY), max_size=6))
def test_no_phase_returns(period: int, start: int, steps: list[int]) -> None:
    life = activated(stocked("Commercial", period, start), start)
    phases = ["Active", "Suspending", "Suspended", None]
    passed = [phases.index(status(life, start + step)) for step in sorted(steps)]
    assert passed == sorted(passed)
