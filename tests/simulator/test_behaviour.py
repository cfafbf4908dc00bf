"""The reports of a simulated player depend only on its profile and the moment."""

import json
from dataclasses import replace

from signfleet.foundation.wire import datetime, timespan
from signfleet.simulator import behaviour
from signfleet.simulator.fleet import Profile, fleet
from signfleet.simulator.machine import Machine

STARTED = 1_710_347_352_000
LATER = STARTED + 3_600_000


def story(profile: Profile) -> str:
    return json.dumps(
        [
            behaviour.status(profile, STARTED, LATER, None, None),
            [behaviour.errors(profile, report, LATER) for report in range(20)],
            [behaviour.downloads(profile, report, LATER) for report in range(20)],
        ]
    )


def of_condition(condition: str) -> Profile:
    return next(profile for profile in fleet(1000) if profile.condition == condition)


def test_the_same_player_sends_the_same_reports() -> None:
    for one, same in zip(fleet(30), fleet(30), strict=True):
        assert story(one) == story(same)


def test_uptime_grows_with_the_clock() -> None:
    profile = of_condition("healthy")
    first = behaviour.status(profile, STARTED, STARTED, None, None)["uptime"]
    second = behaviour.status(profile, STARTED, LATER, None, None)["uptime"]
    assert timespan.parse(second) - timespan.parse(first) == LATER - STARTED


def test_a_player_with_a_failing_card_reports_errors_and_cannot_write() -> None:
    profile = of_condition("failing card")
    errors = [error for report in range(20) for error in behaviour.errors(profile, report, LATER)]
    assert {error["errorName"] for error in errors} == {"diskError", "RealizeFailure"}
    assert behaviour.status(profile, STARTED, LATER, None, None)["storage"][0]["access"] == "Read"


def test_a_player_low_on_storage_reports_little_free_space() -> None:
    stats = behaviour.status(of_condition("low storage"), STARTED, LATER, None, None)["storage"][0]["stats"]
    assert stats["sizeFree"] < stats["sizeTotal"] / 20


def test_some_players_stop_reporting() -> None:
    profile = of_condition("goes dark")
    assert not behaviour.is_dark(profile, 0)
    assert behaviour.is_dark(profile, behaviour.REPORTS_BEFORE_DARK)


def test_a_wrong_clock_shows_in_the_time_stamps() -> None:
    profile = of_condition("wrong clock")
    stamp = datetime.parse(behaviour.downloads(profile, 0, LATER)[0]["timestamp"])
    assert stamp is not None
    assert LATER - stamp > 30 * timespan.DAY


def test_the_first_report_lists_the_files_of_the_presentation() -> None:
    assert len(behaviour.downloads(of_condition("healthy"), 0, LATER)) > 3


def test_metrics_follow_the_time_of_day_and_differ_between_players() -> None:
    profile = of_condition("healthy")
    days = [[behaviour.metrics(profile, STARTED + hour * 3_600_000) for hour in range(24)] for _ in range(2)]
    assert days[0] == days[1]
    heat = [each["temperature"] for each in days[0]]
    assert 30 < min(heat) < max(heat) - 8
    for player in fleet(200):
        found = behaviour.metrics(player, LATER)
        assert all(0 <= found[name] <= 100 for name in ("cpu", "memory", "storage")), player
        assert (found["temperature"] > 63) == (player.number % 17 == 0), player


def test_newer_firmware_counts_its_uptime_in_seconds() -> None:
    for firmware, uptime in ("10.1.35", 3600), ("9.0.35", "01:00:00"):
        machine = Machine(replace(of_condition("healthy"), uptime=0, firmware=firmware), STARTED)
        assert machine.status(LATER)["uptime"] == uptime
