"""A player that reports in an endless loop is slowed down, and nobody else."""

import pytest
from httpx import AsyncClient

from signfleet.fleet.players import rate_limit
from signfleet.fleet.players.rate_limit import BURST, SECONDS, Pace
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.interface import StorageError
from tests.conftest import ON_SQLITE
from tests.fleet.players.conftest import PLAYER


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(pace: Pace, device_id: int, attempts: int) -> int:
    """How many of so many reports were taken."""
    count = 0
    for _ in range(attempts):
        try:
            pace.take(device_id)
        except Throttled as error:
            assert error.retry_after == 1
        else:
            count += 1
    return count


def test_a_backlog_may_come_at_once_and_no_more_until_time_has_passed(clock: Clock) -> None:
    pace = Pace(clock)
    assert taken(pace, 1, BURST + 5) == BURST
    clock.now += 3 * SECONDS
    assert taken(pace, 1, 5) == 3
    clock.now += 3600
    assert taken(pace, 1, BURST + 5) == BURST


def test_devices_do_not_slow_down_each_other(clock: Clock) -> None:
    pace = Pace(clock)
    assert [taken(pace, device_id, BURST) for device_id in range(3)] == [BURST] * 3


def test_a_report_every_second_never_is_too_many(clock: Clock) -> None:
    pace = Pace(clock)
    for _ in range(5 * BURST):
        clock.now += 1
        pace.take(1)


def test_only_those_that_have_held_their_pace_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "KEYS_LIMIT", 10)
    limited = Pace(clock)
    for device_id in range(100, 109):
        limited.take(device_id)
    clock.now += 1
    assert taken(limited, 1, BURST) == BURST
    limited.take(2)
    assert taken(limited, 1, 1) == 0


@ON_SQLITE
async def test_who_reports_too_often_is_told_when_to_come_again(
    player: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "BURST", 2)
    monkeypatch.setattr(rate_limit, "SECONDS", 3600)
    answers = [await player.post(f"{PLAYER}/report", json={"sequence": number}) for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600


def test_a_report_that_the_server_could_not_take_does_not_count(clock: Clock) -> None:
    pace = Pace(clock)
    for _ in range(3 * BURST):
        pace.take(1)
        with pytest.raises(StorageError), pace.refunding(1):
            raise StorageError("the disk is full")
    assert taken(pace, 1, BURST + 5) == BURST
