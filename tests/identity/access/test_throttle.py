"""Slowing down callers who guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Throttled
from signfleet.identity.access import throttle
from signfleet.identity.access.throttle import Throttle, Turns, digest

KEY = digest("a")


class Clock:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_attempt_too_many_names_the_time_of_the_next(clock: Clock) -> None:
    guesses = Throttle(2, 30.0, "to guess", clock)
    guesses.take("a")
    guesses.take("a")
    clock.now += 29.5
    with pytest.raises(Throttled, match="to guess; try again in 1 seconds") as raised:
        guesses.take("a")
    assert raised.value.retry_after == 1
    clock.now += 0.5
    guesses.take("a")
    with pytest.raises(Throttled):
        guesses.take("a")


def test_each_key_is_counted_alone(clock: Clock) -> None:
    guesses = Throttle(1, 60.0, "to guess", clock)
    guesses.take("a")
    guesses.take("b")
    with pytest.raises(Throttled):
        guesses.take("a")


def test_a_success_does_not_count(clock: Clock) -> None:
    guesses = Throttle(1, 60.0, "to guess", clock)
    for _ in range(5):
        guesses.take("a")
        guesses.give_back("a")
    guesses.give_back("never taken")
    assert not guesses._due


def test_a_refused_attempt_adds_nothing(clock: Clock) -> None:
    guesses = Throttle(1, 60.0, "to guess", clock)
    guesses.take("a")
    for _ in range(100):
        with pytest.raises(Throttled):
            guesses.take("a")
    clock.now += 60
    guesses.take("a")


def test_tables_are_bounded_in_number_and_size_of_keys(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(throttle, "KEYS_LIMIT", 3)
    guesses, turns = Throttle(1, 60.0, "to guess", clock), Turns(1, 1, 60.0, "to guess", clock)
    for number in range(100):
        guesses.take(f"{number}" * 10_000)
        turns.take(digest(f"{number}" * 10_000), 8.0)
    assert len(guesses._due) == len(turns._next) == 3
    assert {len(key) for key in (*guesses._due, *turns._next)} == {16}


@given(st.lists(st.floats(0, 100), max_size=200))
def test_no_period_has_more_attempts_than_the_burst_and_the_pace_allow(pauses: list[float]) -> None:
    clock = Clock()
    guesses = Throttle(3, 10.0, "to guess", clock)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = guesses.wait("a")
        try:
            guesses.take("a")
        except Throttled as error:
            assert wait <= error.retry_after
        else:
            assert wait == 0
            taken.append(clock.now)
    for first, start in enumerate(taken):
        for count, end in enumerate(taken[first:], 1):
            assert count <= 3 + (end - start) / 10.0 + 1e-6


def test_turns_come_without_a_pause_first_and_then_further_and_further_apart(clock: Clock) -> None:
    turns = Turns(2, 2, 1e6, "to guess", clock)
    waits = []
    for _ in range(12):
        waits.append(turns.take(KEY, 1000.0))
        clock.now += waits[-1]
    assert waits[:3] == [0, 0, 0]
    assert waits == sorted(waits)
    assert set(waits) == {0, 1, 2, 4, 8, 16}


def test_a_turn_that_is_too_far_away_is_refused_and_not_counted(clock: Clock) -> None:
    turns = Turns(0, 1, 60.0, "to guess", clock)
    for _ in range(5):
        turns.take(KEY, 60.0)
    for _ in range(10):
        with pytest.raises(Throttled) as raised:
            turns.take(KEY, 8.0)
    clock.now += raised.value.retry_after
    assert turns.take(KEY, 8.0) <= 8.0


def test_turns_that_nobody_takes_bring_the_pace_back(clock: Clock) -> None:
    turns = Turns(2, 1, 60.0, "to guess", clock)
    for _ in range(8):
        clock.now += turns.take(KEY, 100.0)
    clock.now += 10 * 60.0
    assert [turns.take(KEY, 0.0) for _ in range(3)] == [0, 0, 0]


def test_a_turn_that_succeeds_does_not_count(clock: Clock) -> None:
    turns = Turns(1, 1, 60.0, "to guess", clock)
    for _ in range(50):
        assert turns.take(KEY, 0.0) == 0
        turns.give_back(KEY)
    turns.give_back(digest("never taken"))
