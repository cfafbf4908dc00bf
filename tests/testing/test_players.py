"""A test sets the condition of a simulated player."""

from __future__ import annotations

import httpx
import pytest

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.testing import TestingServer


def test_a_full_disk_is_an_error_until_it_has_room(server: TestingServer, admin: httpx.Client) -> None:
    serial = server.installation()["devices"][1]["serial"]
    seen = []
    for condition in ("Healthy", "DiskFull", "Healthy"):
        server.player(serial, condition)
        status = admin.get(f"/Devices/{serial}/").json()["status"]
        seen.append((status["health"], status["storage"][0]["stats"]["sizeFree"] == 0))
    assert seen == [("Normal", False), ("Error", True), ("Normal", False)]


def test_a_wrong_clock_changes_no_date_of_the_server(server: TestingServer, admin: httpx.Client) -> None:
    serial = server.installation()["devices"][0]["serial"]
    server.player(serial, "WrongClock")
    device = admin.get(f"/Devices/{serial}/").json()
    now = datetime.parse(httpx.get(f"{server.base_url}/testing/v1/clock").json()["now"]) or 0
    assert now - (datetime.parse(device["status"]["lastModifiedDate"]) or 0) < DAY
    assert server.installation()["devices"][0]["serial"] == serial


def test_the_list_shows_the_players_with_a_condition(server: TestingServer) -> None:
    serials = [device["serial"] for device in server.installation()["devices"]]
    server.player(serials[0].lower(), "Dark")
    server.player(serials[1], "WrongClock")
    assert httpx.get(f"{server.base_url}/testing/v1/players").json() == {
        "items": [{"serial": serials[0], "condition": "Dark"}, {"serial": serials[1], "condition": "WrongClock"}]
    }


def test_a_player_that_does_not_exist_is_not_found(running: TestingServer) -> None:
    with pytest.raises(ValueError, match="404"):
        running.player("Nobody", "Dark")


def test_a_condition_that_does_not_exist_is_refused(running: TestingServer) -> None:
    with pytest.raises(ValueError, match="400"):
        running.player("Nobody", "Bored")
