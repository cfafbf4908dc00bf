"""How health and its reason follow from reports, errors, storage, subscription and outages."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.fleet.health.rules import (
    DEFAULTS,
    Concern,
    Limits,
    Outage,
    Reason,
    Verdict,
    evaluate,
    evaluate_storages,
    evaluate_subscription,
)
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.foundation.wire.types import Health

NOW = 1_710_347_352_000
PERIOD = 5 * MINUTE
STORAGES = {
    "Normal": [],
    "Warning": [Concern("Warning", Reason("storageNearlyFull", subject="SD1", number=4))],
    "Error": [Concern("Error", Reason("storageReadOnly", subject="SD1"))],
}


def evaluated(
    *,
    ago: int | None = 0,
    period: int = PERIOD,
    error_ago: int | None = None,
    storage: Health = "Normal",
    now: int = NOW,
    limits: Limits = DEFAULTS,
    outages: tuple[Outage, ...] = (),
) -> Verdict:
    return evaluate(
        now=now,
        reported=None if ago is None else NOW - ago,
        period=period,
        error=None if error_ago is None else Reason("deviceError", NOW - error_ago, "RealizeFailure"),
        concerns=STORAGES[storage],
        limits=limits,
        outages=outages,
    )


def test_a_device_that_never_reported_is_unknown() -> None:
    assert evaluated(ago=None) == ("Unknown", None, Reason("neverReported"))


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
    reason = None if health == "Normal" else Reason("silent", NOW - ago)
    assert evaluated(ago=ago) == (health, NOW + due_in, reason)


@pytest.mark.parametrize("ago", [15 * MINUTE, 800 * 24 * HOUR])
def test_a_silent_device_stays_an_error(ago: int) -> None:
    assert evaluated(ago=ago) == ("Error", None, Reason("silent", NOW - ago))


def test_a_longer_period_gives_more_time() -> None:
    assert evaluated(ago=HOUR, period=HOUR) == ("Normal", NOW + HOUR, None)


@pytest.mark.parametrize("period", [0, MINUTE])
def test_a_short_or_missing_period_gives_the_default_time(period: int) -> None:
    assert evaluated(ago=9 * MINUTE, period=period).health == "Normal"


def test_an_error_counts_for_an_hour() -> None:
    ago = HOUR - MINUTE
    assert evaluated(error_ago=ago) == ("Warning", NOW + MINUTE, Reason("deviceError", NOW - ago, "RealizeFailure"))
    assert evaluated(error_ago=HOUR).health == "Normal"


def test_storage_counts_while_the_device_reports() -> None:
    assert evaluated(storage="Warning") == ("Warning", NOW + 10 * MINUTE, STORAGES["Warning"][0].reason)
    assert evaluated(storage="Error") == ("Error", NOW + 15 * MINUTE, STORAGES["Error"][0].reason)


def test_silence_is_a_better_reason_than_what_was_reported_before_it() -> None:
    for storage in ("Warning", "Error"):
        assert evaluated(storage=storage, ago=15 * MINUTE).reason == Reason("silent", NOW - 15 * MINUTE)
    assert evaluated(storage="Warning", ago=10 * MINUTE).reason == Reason("silent", NOW - 10 * MINUTE)
    assert evaluated(storage="Error", ago=10 * MINUTE).reason == STORAGES["Error"][0].reason


def test_a_network_may_set_its_own_limits() -> None:
    patient = Limits(late_reports=10, late_after=HOUR, silent_reports=20, silent_after=2 * HOUR, error_memory=MINUTE)
    assert evaluated(ago=59 * MINUTE, error_ago=MINUTE, limits=patient) == ("Normal", NOW + MINUTE, None)
    assert evaluated(ago=HOUR, limits=patient).health == "Warning"
    assert evaluated(ago=HOUR, period=10 * MINUTE, limits=patient).health == "Normal"
    assert evaluated(ago=2 * HOUR, limits=patient).health == "Error"
    half_full = StorageStatus(interface="SD1", stats={"sizeTotal": 100, "sizeFree": 50})
    assert evaluate_storages([half_full], Limits(nearly_full=60))[0].health == "Warning"
    assert evaluate_storages([half_full], Limits(nearly_full=60, full=51))[0].health == "Error"


def test_a_suspended_subscription_counts_where_a_network_wants_it() -> None:
    assert evaluate_subscription(is_suspended=True, limits=Limits()) == []
    assert evaluate_subscription(is_suspended=False, limits=Limits(suspended="Error")) == []
    concern = Concern("Error", Reason("subscriptionSuspended"))
    assert evaluate_subscription(is_suspended=True, limits=Limits(suspended="Error")) == [concern]


class TestAfterAnOutage:
    """The server was down from `DOWN` to `UP`; the device would have been late in between."""

    DOWN, UP = NOW - 20 * MINUTE, NOW

    def health(self, reported_before: int, later: int, *more: Outage) -> Health:
        """Returns the health of a device that reported before the outage, some time after its end."""
        outages = (Outage(self.DOWN, self.UP), *more)
        return evaluated(ago=20 * MINUTE + reported_before, now=self.UP + later, outages=outages).health

    def test_silence_counts_from_its_end(self) -> None:
        assert [self.health(3 * MINUTE, later) for later in (0, 10 * MINUTE - 1, 10 * MINUTE, 15 * MINUTE)] == [
            "Normal",
            "Normal",
            "Warning",
            "Error",
        ]

    def test_what_was_silent_before_stays_silent(self) -> None:
        assert self.health(10 * MINUTE, 0) == "Warning"
        assert self.health(15 * MINUTE, 0) == "Error"

    def test_a_second_outage_does_not_hide_the_first(self) -> None:
        again = Outage(self.UP + 3 * MINUTE, self.UP + 9 * MINUTE)
        assert self.health(3 * MINUTE, 9 * MINUTE, again) == "Normal"
        assert self.health(3 * MINUTE, 19 * MINUTE - 1, again) == "Normal"
        assert self.health(3 * MINUTE, 19 * MINUTE, again) == "Warning"

    def test_reports_after_it_count_as_ever(self) -> None:
        verdict = evaluated(ago=0, outages=(Outage(self.DOWN, self.UP),))
        assert verdict == ("Normal", NOW + 10 * MINUTE, None)


@given(
    st.integers(0, 3 * HOUR),
    st.integers(0, HOUR),
    st.none() | st.integers(0, 2 * HOUR),
    st.sampled_from(["Normal", "Warning", "Error"]),
    st.lists(st.tuples(st.integers(0, HOUR), st.integers(1, HOUR)), max_size=3),
)
def test_nothing_changes_before_it_is_due(
    ago: int, period: int, error_ago: int | None, storage: Health, downs: list[tuple[int, int]]
) -> None:
    begin, outages = NOW - 3 * HOUR, []
    for up, down in downs:
        outages.append(Outage(begin + up, min(begin + up + down, NOW)))
        begin = outages[-1].ended
    outages = [outage for outage in outages if outage.began < outage.ended]
    given_: dict[str, object] = {"ago": ago, "period": period, "error_ago": error_ago, "outages": tuple(outages)}
    verdict = evaluated(storage=storage, **given_)
    if verdict.due is None:
        assert verdict.reason == Reason("silent", NOW - ago)
        return
    assert verdict.due > NOW
    assert evaluated(storage=storage, now=verdict.due - 1, **given_) == verdict
    due = evaluated(storage=storage, now=verdict.due, **given_)
    assert (due.health, due.reason) != (verdict.health, verdict.reason)


@pytest.mark.parametrize(
    ("interface", "access", "stats", "health", "reason"),
    [
        ("SD1", "Read, Write", {"sizeTotal": 100, "sizeFree": 50}, "Normal", None),
        ("SD1", "Read, Write", {"sizeTotal": 100, "sizeFree": 4}, "Warning", ("storageNearlyFull", None, "SD1", 4)),
        ("SD1", "Read, Write", {"sizeTotal": 1000, "sizeFree": 9}, "Error", ("storageFull", None, "SD1", 0.9)),
        ("SD1", None, {"sizeTotal": 1000, "sizeFree": -9}, "Error", ("storageFull", None, "SD1", 0)),
        ("SD1", "Read", None, "Error", ("storageReadOnly", None, "SD1", None)),
        (None, "Read", None, "Error", ("storageReadOnly", None, "Unknown", None)),
        ("SD1", "Write", None, "Normal", None),
        ("SD1", "Unknown", None, "Normal", None),
        ("SD1", "Read, Unknown", None, "Normal", None),
        ("SD1", None, {"sizeTotal": 0, "sizeFree": 0}, "Normal", None),
        ("SD1", None, {"sizeFree": 0}, "Normal", None),
        ("Flash", "Read", {"sizeTotal": 100, "sizeFree": 0}, "Normal", None),
        ("Tmp", None, {"sizeTotal": 100, "sizeFree": 0}, "Normal", None),
    ],
)
def test_the_health_of_a_storage_follows_from_its_space_and_access(
    interface: Literal["SD1", "Flash", "Tmp"],
    access: str | None,
    stats: dict[str, int | float] | None,
    health: Health,
    reason: tuple[str, None, str, float | None] | None,
) -> None:
    found = evaluate_storages([StorageStatus(interface=interface, access=access, stats=stats)])
    assert found == ([] if reason is None else [(health, reason)])


def test_the_worst_storage_is_the_reason() -> None:
    good = StorageStatus(interface="SD1", access="Read, Write")
    low = StorageStatus(interface="Internal", stats={"sizeTotal": 100, "sizeFree": 2})
    bad = StorageStatus(interface="USB1", access="Read")
    verdict = evaluate(now=NOW, reported=NOW, period=PERIOD, concerns=evaluate_storages([good, low, bad, good]))
    assert verdict.reason == Reason("storageReadOnly", subject="USB1")
    assert evaluate_storages(None) == []
