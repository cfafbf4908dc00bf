"""Slowing down whoever guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.access import throttle
from signfleet.access.throttle import Throttle
from signfleet.errors import Throttled


def test_an_attempt_too_many_tells_when_to_come_again() -> None:
    guesses = Throttle(2, 60_000, "to guess")
    guesses.take("a", 0)
    guesses.take("a", 30_000)
    with pytest.raises(Throttled, match="to guess; try again in 1 seconds") as raised:
        guesses.take("a", 59_001)
    assert raised.value.retry_after == 1
    guesses.take("a", 60_000)
    with pytest.raises(Throttled):
        guesses.take("a", 60_001)


def test_each_key_is_counted_alone() -> None:
    guesses = Throttle(1, 60_000, "to guess")
    guesses.take("a", 0)
    guesses.take("b", 0)
    with pytest.raises(Throttled):
        guesses.take("a", 0)


def test_what_succeeded_does_not_count() -> None:
    guesses = Throttle(1, 60_000, "to guess")
    for _ in range(5):
        guesses.take("a", 0)
        guesses.give_back("a")
    guesses.give_back("never taken")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "KEYS_LIMIT", 3)
    guesses = Throttle(1, 60_000, "to guess")
    for number in range(100):
        guesses.take(str(number), 0)
    assert len(guesses._attempts) == 3


@given(st.lists(st.integers(0, 5_000), max_size=200).map(sorted))
def test_no_window_holds_more_than_the_limit(times: list[int]) -> None:
    guesses = Throttle(3, 1_000, "to guess")
    taken: list[int] = []
    for now in times:
        try:
            guesses.take("a", now)
        except Throttled as error:
            assert error.retry_after >= 1
        else:
            taken.append(now)
    for now in taken:
        assert len([other for other in taken if now - 1_000 < other <= now]) <= 3
