"""The rate limit of players: burst, steady rate, eviction, refunds."""

import pytest
from httpx import AsyncClient

from signfleet.fleet.players import rate_limit
from signfleet.fleet.players.rate_limit import BURST, SECONDS, RateLimit
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


def allowed(limit: RateLimit, device_id: int, attempts: int) -> int:
    """Returns how many of `attempts` reports are allowed."""
    count = 0
    for _ in range(attempts):
        try:
            limit.check(device_id)
        except Throttled as error:
            assert error.retry_after == 1
        else:
            count += 1
    return count


def test_a_backlog_passes_at_once_and_further_requests_wait(clock: Clock) -> None:
    limit = RateLimit(clock)
    assert allowed(limit, 1, BURST + 5) == BURST
    clock.now += 3 * SECONDS
    assert allowed(limit, 1, 5) == 3
    clock.now += 3600
    assert allowed(limit, 1, BURST + 5) == BURST


def test_devices_have_separate_limits(clock: Clock) -> None:
    limit = RateLimit(clock)
    assert [allowed(limit, device_id, BURST) for device_id in range(3)] == [BURST] * 3


def test_one_report_per_second_is_never_limited(clock: Clock) -> None:
    limit = RateLimit(clock)
    for _ in range(5 * BURST):
        clock.now += 1
        limit.check(1)


def test_a_full_table_evicts_only_keys_below_the_steady_rate(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "KEYS_LIMIT", 10)
    limit = RateLimit(clock)
    for device_id in range(100, 109):
        limit.check(device_id)
    clock.now += 1
    assert allowed(limit, 1, BURST) == BURST
    limit.check(2)
    assert allowed(limit, 1, 1) == 0


@ON_SQLITE
async def test_a_player_that_reports_too_often_gets_429_with_retry_after(
    player: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "BURST", 2)
    monkeypatch.setattr(rate_limit, "SECONDS", 3600)
    answers = [await player.post(f"{PLAYER}/report", json={"sequence": number}) for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600


def test_a_report_that_fails_in_the_store_does_not_count(clock: Clock) -> None:
    limit = RateLimit(clock)
    for _ in range(3 * BURST):
        limit.check(1)
        with pytest.raises(StorageError), limit.refunding(1):
            raise StorageError("the disk is full")
    assert allowed(limit, 1, BURST + 5) == BURST
