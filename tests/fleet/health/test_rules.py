"""How health follows from reports, errors and storage."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.fleet.health.rules import Verdict, evaluate, evaluate_storage
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.foundation.wire.types import Health

NOW = 1_710_347_352_000
PERIOD = 5 * MINUTE


def judged(
    *,
    ago: int | None = 0,
    period: int = PERIOD,
    error_ago: int | None = None,
    storage: Health = "Normal",
) -> Verdict:
    return evaluate(
        now=NOW,
        reported=None if ago is None else NOW - ago,
        period=period,
        last_error=None if error_ago is None else NOW - error_ago,
        storage=storage,
    )


def test_a_device_that_never_reported_is_unknown() -> None:
    assert judged(ago=None) == ("Unknown", None)


@pytest.mark.parametrize(
    ("ago", "health", "due_in"),
    [
        (0, "Normal", 10 * MINUTE),
        (10 * MINUTE - 1, "Normal", 1),
        (10 * MINUTE, "Warning", 5 * MINUTE),
        (15 * MINUTE - 1, "Warning", 1),
    ],
)
def test_a_late_report_is_a_warning(ago: int, health: Health, due_in: int) -> None:
    assert judged(ago=ago) == (health, NOW + due_in)


@pytest.mark.parametrize("ago", [15 * MINUTE, 800 * 24 * HOUR])
def test_a_silent_device_stays_an_error(ago: int) -> None:
    assert judged(ago=ago) == ("Error", None)


def test_a_longer_period_gives_more_time() -> None:
    assert judged(ago=HOUR, period=HOUR) == ("Normal", NOW + HOUR)


@pytest.mark.parametrize("period", [0, MINUTE])
def test_a_short_or_missing_period_gives_the_default_time(period: int) -> None:
    assert judged(ago=9 * MINUTE, period=period).health == "Normal"


def test_an_error_counts_for_an_hour() -> None:
    assert judged(error_ago=HOUR - MINUTE) == ("Warning", NOW + MINUTE)
    assert judged(error_ago=HOUR).health == "Normal"


def test_storage_counts_while_the_device_reports() -> None:
    assert judged(storage="Warning") == ("Warning", NOW + 15 * MINUTE)
    assert judged(storage="Error") == ("Error", NOW + 15 * MINUTE)


@given(
    st.integers(0, 3 * HOUR),
    st.integers(0, HOUR),
    st.none() | st.integers(0, 2 * HOUR),
    st.sampled_from(["Normal", "Warning", "Error"]),
)
def test_nothing_changes_before_it_is_due(ago: int, period: int, error_ago: int | None, storage: Health) -> None:
    verdict = judged(ago=ago, period=period, error_ago=error_ago, storage=storage)
    if verdict.due is None:
        return
    assert verdict.due > NOW
    last_error = None if error_ago is None else NOW - error_ago
    just_before = evaluate(
        now=verdict.due - 1, reported=NOW - ago, period=period, last_error=last_error, storage=storage
    )
    assert just_before == verdict


@pytest.mark.parametrize(
    ("interface", "access", "stats", "health"),
    [
        ("SD1", "Read, Write", {"sizeTotal": 100, "sizeFree": 50}, "Normal"),
        ("SD1", "Read, Write", {"sizeTotal": 100, "sizeFree": 4}, "Warning"),
        ("SD1", "Read, Write", {"sizeTotal": 1000, "sizeFree": 9}, "Error"),
        ("SD1", "Read", None, "Error"),
        ("SD1", "Write", None, "Normal"),
        ("SD1", "Unknown", None, "Normal"),
        ("SD1", "Read, Unknown", None, "Normal"),
        ("SD1", None, {"sizeTotal": 0, "sizeFree": 0}, "Normal"),
        ("SD1", None, {"sizeFree": 0}, "Normal"),
        ("Flash", "Read", {"sizeTotal": 100, "sizeFree": 0}, "Normal"),
        ("Tmp", None, {"sizeTotal": 100, "sizeFree": 0}, "Normal"),
    ],
)
def test_the_health_of_a_storage_follows_from_its_space_and_access(
    interface: Literal["SD1", "Flash", "Tmp"], access: str | None, stats: dict[str, int | float] | None, health: Health
) -> None:
    assert evaluate_storage([StorageStatus(interface=interface, access=access, stats=stats)]) == health


def test_the_worst_storage_counts() -> None:
    good = StorageStatus(interface="SD1", access="Read, Write")
    bad = StorageStatus(interface="USB1", access="Read")
    assert evaluate_storage([good, bad, good]) == "Error"
    assert evaluate_storage(None) == "Normal"
