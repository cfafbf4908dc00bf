"""Pauses that double between attempts on one key."""

from __future__ import annotations

import pytest

from signfleet.foundation.errors import Throttled
from signfleet.foundation.rate_limit import digest
from signfleet.identity.access import back_off
from signfleet.identity.access.back_off import BackOff
from tests.foundation.test_rate_limit import COMPLAINT, Clock

KEY = digest("a")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_attempts_have_no_pause_and_later_pauses_double(clock: Clock) -> None:
    attempts = BackOff(2, 2, 1e6, COMPLAINT, clock)
    waits = []
    for _ in range(12):
        waits.append(attempts.count(KEY, 1000.0))
        clock.now += waits[-1]
    assert waits == [0, 0, 0, 1, 2, 2, 2, 4, 4, 8, 8, 16]


def test_an_attempt_that_would_wait_too_long_is_refused_and_not_counted(clock: Clock) -> None:
    attempts = BackOff(0, 1, 60.0, COMPLAINT, clock)
    for _ in range(5):
        attempts.count(KEY, 60.0)
    for _ in range(10):
        with pytest.raises(Throttled) as raised:
            attempts.count(KEY, 8.0)
    clock.now += raised.value.retry_after
    assert attempts.count(KEY, 8.0) <= 8.0


def test_time_without_attempts_ends_the_pauses(clock: Clock) -> None:
    attempts = BackOff(2, 1, 60.0, COMPLAINT, clock)
    for _ in range(8):
        clock.now += attempts.count(KEY, 100.0)
    clock.now += 10 * 60.0
    assert [attempts.count(KEY, 0.0) for _ in range(3)] == [0, 0, 0]


def test_a_refunded_attempt_does_not_count(clock: Clock) -> None:
    attempts = BackOff(1, 1, 60.0, COMPLAINT, clock)
    for _ in range(50):
        assert attempts.count(KEY, 0.0) == 0
        attempts.refund(KEY)
    attempts.refund(digest("never counted"))


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(back_off, "KEYS_LIMIT", 3)
    attempts = BackOff(1, 1, 60.0, COMPLAINT, clock)
    for number in range(100):
        attempts.count(digest(f"{number}"), 8.0)
    assert len(attempts._next) == 3
