"""The rate limit of players: a backlog passes at once, an endless loop does not."""

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.players.rate_limit import BURST, SECONDS, player_rate_limit
from signfleet.foundation.errors import Throttled
from signfleet.foundation.rate_limit import RateLimit
from tests.conftest import ON_SQLITE
from tests.fleet.players.conftest import PLAYER
from tests.foundation.test_rate_limit import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> RateLimit:
    made = player_rate_limit()
    made._clock = clock
    return made


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


def test_a_backlog_passes_at_once_and_further_requests_wait(limit: RateLimit, clock: Clock) -> None:
    assert allowed(limit, 1, BURST + 5) == BURST
    clock.now += 3 * SECONDS
    assert allowed(limit, 1, 5) == 3
    clock.now += 3600
    assert allowed(limit, 1, BURST + 5) == BURST


def test_devices_have_separate_limits(limit: RateLimit) -> None:
    assert [allowed(limit, device_id, BURST) for device_id in range(3)] == [BURST] * 3


def test_one_report_per_second_is_never_limited(limit: RateLimit, clock: Clock) -> None:
    for _ in range(5 * BURST):
        clock.now += 1
        limit.check(1)


@ON_SQLITE
async def test_a_player_that_reports_too_often_gets_429_with_retry_after(
    player: AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.reports._rate_limit, "burst", 2)
    monkeypatch.setattr(services.reports._rate_limit, "seconds", 3600)
    answers = [await player.post(f"{PLAYER}/report", json={"sequence": number}) for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
