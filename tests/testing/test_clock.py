"""A test moves the clock, and the server does what is due."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from signfleet.testing import TestingServer
from tests.testing.conftest import as_admin

DAY = 86_400


def health(server: TestingServer) -> dict[str, str]:
    with as_admin(server) as admin:
        devices = admin.get("/Devices/").json()["items"]
    return {device["serial"]: device["status"]["health"] for device in devices}


def test_the_time_of_answers_moves(server: TestingServer) -> None:
    before = parsedate_to_datetime(httpx.get(f"{server.base_url}/health/live").headers["date"])
    moved = server.advance(DAY)
    after = parsedate_to_datetime(httpx.get(f"{server.base_url}/health/live").headers["date"])
    assert moved["aheadSeconds"] == DAY
    assert (after - before).total_seconds() >= DAY


def test_tokens_expire(server: TestingServer, admin: httpx.Client) -> None:
    assert admin.get("/Devices/Count/").status_code == 200
    server.advance(30 * DAY)
    assert admin.get("/Devices/Count/").status_code == 401
    with as_admin(server) as again:
        assert again.get("/Devices/Count/").status_code == 200


def test_a_dark_player_is_noticed_while_others_report(server: TestingServer) -> None:
    dark, other = (device["serial"] for device in server.installation()["devices"])
    server.player(dark, "Healthy")
    server.player(other, "Healthy")
    server.player(dark, "Dark")
    server.advance(3600)
    assert health(server) == {dark: "Error", other: "Normal"}
    server.player(dark, "Healthy")
    assert health(server)[dark] == "Normal"


def test_players_that_do_not_report_are_noticed(running: TestingServer) -> None:
    running.reset(devices=2, reporting=False)
    running.advance(3600)
    assert set(health(running).values()) == {"Error"}


def test_old_audit_entries_are_deleted(server: TestingServer, admin: httpx.Client) -> None:
    assert admin.get(f"{server.base_url}/admin/v1/audit/").json()["items"]
    moved = server.advance(2 * 366 * DAY)
    with as_admin(server) as again:
        left = again.get(f"{server.base_url}/admin/v1/audit/").json()["items"]
    assert {entry["date"][:4] for entry in left} <= {moved["now"][:4]}


@pytest.mark.parametrize("body", [{}, {"seconds": 0}, {"seconds": -1}, {"seconds": 1.5}, {"seconds": 10**10}, [], None])
def test_an_invalid_leap_is_refused(running: TestingServer, body: Any) -> None:
    before = httpx.get(f"{running.base_url}/testing/v1/clock").json()["aheadSeconds"]
    assert httpx.post(f"{running.base_url}/testing/v1/clock", json=body).status_code == 400
    assert httpx.get(f"{running.base_url}/testing/v1/clock").json()["aheadSeconds"] == before


def test_the_clock_stays_within_the_range_of_dates(server: TestingServer) -> None:
    server.advance(3_153_600_000)
    with pytest.raises(ValueError, match="'seconds': the clock can be at most 3153600000 seconds ahead"):
        server.advance(1)
    with as_admin(server) as admin:
        assert admin.get("/Devices/Count/").json() == 2
