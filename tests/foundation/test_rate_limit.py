"""Limits on how fast callers may do something: burst, steady rate, refunds, bounded tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation import rate_limit
from signfleet.foundation.errors import Throttled
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage.interface import StorageError

COMPLAINT = "Too many attempts to guess"


class Clock:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_request_too_many_gets_the_seconds_until_the_next(clock: Clock) -> None:
    limit = RateLimit(2, 30.0, COMPLAINT, clock)
    limit.check("a")
    limit.check("a")
    clock.now += 29.5
    with pytest.raises(Throttled, match="Too many attempts to guess; try again in 1 seconds") as raised:
        limit.check("a")
    assert raised.value.retry_after == 1
    clock.now += 0.5
    limit.check("a")
    with pytest.raises(Throttled):
        limit.check("a")


def test_keys_have_separate_limits(clock: Clock) -> None:
    limit = RateLimit(1, 60.0, COMPLAINT, clock)
    for key in ("a", "b", b"a", 1):
        limit.check(key)
    with pytest.raises(Throttled):
        limit.check("a")


def test_a_refunded_request_does_not_count(clock: Clock) -> None:
    limit = RateLimit(1, 60.0, COMPLAINT, clock)
    for _ in range(5):
        limit.check("a")
        limit.refund("a")
    limit.refund("never counted")
    assert not limit._due


def test_a_request_that_fails_in_the_store_does_not_count(clock: Clock) -> None:
    limit = RateLimit(1, 60.0, COMPLAINT, clock)
    for _ in range(5):
        limit.check("a")
        with pytest.raises(StorageError), limit.refunding("a"):
            raise StorageError("the disk is full")


def test_a_refused_request_does_not_count(clock: Clock) -> None:
    limit = RateLimit(1, 60.0, COMPLAINT, clock)
    limit.check("a")
    for _ in range(100):
        with pytest.raises(Throttled):
            limit.check("a")
    clock.now += 60
    limit.check("a")


def test_a_table_is_bounded_in_number_and_size_of_keys(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(rate_limit, "KEYS_LIMIT", 3)
    limit = RateLimit(1, 60.0, COMPLAINT, clock)
    for number in range(100):
        limit.check(f"{number}" * 10_000)
    assert [len(key) for key in limit._due] == [16, 16, 16]


def test_a_full_table_evicts_the_key_that_was_idle_longest(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(rate_limit, "KEYS_LIMIT", 3)
    limit = RateLimit(2, 60.0, COMPLAINT, clock)
    for key in ("busy", "idle", "busy", "a", "b"):
        limit.check(key)
    with pytest.raises(Throttled):
        limit.check("busy")
    limit.check("idle")


@given(st.lists(st.floats(0, 100), max_size=200))
def test_no_period_has_more_requests_than_burst_and_rate_allow(pauses: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(3, 10.0, COMPLAINT, clock)
    allowed: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = limit.wait("a")
        try:
            limit.check("a")
        except Throttled as error:
            assert wait <= error.retry_after
        else:
            assert wait == 0
            allowed.append(clock.now)
    for first, start in enumerate(allowed):
        for count, end in enumerate(allowed[first:], 1):
            assert count <= 3 + (end - start) / 10.0 + 1e-6
