"""The time of the server: the system's, unless a testing server moves it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from signfleet.foundation import clock
from signfleet.foundation.errors import Throttled
from signfleet.foundation.rate_limit import RateLimit

HOUR = 3_600_000


@pytest.fixture(autouse=True)
def restored_clock() -> Iterator[None]:
    """Other tests have the system's time."""
    yield
    clock.set_ahead(0)


def test_it_is_the_systems_clock() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= clock.now() <= time.time_ns() // 1_000_000
    assert clock.ahead() == 0


def test_it_can_be_moved_ahead_and_back() -> None:
    before = clock.now()
    clock.set_ahead(HOUR)
    assert clock.now() >= before + HOUR
    clock.set_ahead(0)
    assert clock.now() < before + HOUR


def test_rate_limits_follow_a_clock_that_is_moved_ahead() -> None:
    limit = RateLimit(1, 600.0, "Too many attempts")
    limit.check("key")
    with pytest.raises(Throttled):
        limit.check("key")
    clock.set_ahead(HOUR)
    limit.check("key")
