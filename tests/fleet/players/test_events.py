"""Floods of errors and downloads: repeats are counted, the newest stay, and a device adds a bounded number of rows."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from signfleet.app.wiring import Services
from signfleet.fleet.players.events import Allowance, fold_errors
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_error
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import MINUTE
from tests.fleet.players.conftest import HD1024, PLAYER

NOON = datetime.parse("2024-03-13T12:00:00Z") or 0
ERRORS = Query(select(func.count().label("total")).select_from(device_error))


def error(seconds: float = 0, **members: Any) -> dict[str, Any]:
    stamp = datetime.format(NOON + int(seconds * 1000))
    return {"errorName": "NoSignal", "reason": "HDMI", "responseCode": -1, "timestamp": stamp} | members


class Player:
    """Reports, and lists what it has reported as an operator sees it."""

    def __init__(self, player: AsyncClient, admin: AsyncClient) -> None:
        self.player = player
        self.admin = admin
        self.sequence = 0

    async def report(self, **members: Any) -> None:
        self.sequence += 1
        answer = await self.player.post(f"{PLAYER}/report", json={"sequence": self.sequence, **members})
        assert answer.status_code == 200

    async def listed(self, kind: str) -> list[dict[str, Any]]:
        answer = await self.admin.get(f"/Devices/{HD1024['serial']}/{kind}/", params={"pageSize": 100})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
def device(player: AsyncClient, admin: AsyncClient) -> Player:
    return Player(player, admin)


async def test_an_error_repeated_within_a_minute_is_counted(device: Player) -> None:
    await device.report(errors=[error(0), error(10), error(20)])
    await device.report(errors=[error(59), error(61)])
    listed = [(item["timestamp"], item["reason"]) for item in await device.listed("Errors")]
    assert listed == [("2024-03-13T12:01:01Z", "HDMI"), ("2024-03-13T12:00:00Z", "HDMI (4 times)")]


async def test_a_repeated_error_without_a_reason_is_counted_too(device: Player) -> None:
    await device.report(errors=[error(reason=None), error(reason=None)])
    assert [item["reason"] for item in await device.listed("Errors")] == ["(2 times)"]


async def test_a_filter_finds_a_repeated_error_by_its_own_reason(device: Player, admin: AsyncClient) -> None:
    await device.report(errors=[error(), error()])
    path = f"/Devices/{HD1024['serial']}/Errors/"
    found = await admin.get(path, params={"filter": "[DeviceError].[Reason] IS 'HDMI'"})
    assert [item["reason"] for item in found.json()["items"]] == ["HDMI (2 times)"]


@pytest.mark.parametrize(
    "other", [{"errorName": "Other"}, {"reason": "DP"}, {"reason": None}, {"responseCode": 0}, {"errorEvent": "other"}]
)
async def test_different_errors_are_separate_rows(device: Player, other: dict[str, Any]) -> None:
    await device.report(errors=[error(), error(**other)])
    await device.report(errors=[error(), error(**other)])
    assert sorted(item["reason"] or "" for item in await device.listed("Errors")) == sorted(
        f"{reason or ''} (2 times)".lstrip() for reason in ("HDMI", other.get("reason", "HDMI"))
    )


async def test_a_repeated_report_counts_once(device: Player) -> None:
    await device.report(errors=[error(), error()])
    device.sequence -= 1
    await device.report(errors=[error(), error()])
    assert [item["reason"] for item in await device.listed("Errors")] == ["HDMI (2 times)"]


@pytest.mark.settings(errors_per_device=10, downloads_per_device=10)
async def test_the_newest_errors_and_downloads_of_a_device_stay(device: Player, services: Services) -> None:
    for allowance in (services.reports._events.errors, services.reports._events.downloads):
        allowance._burst = 1e9
    for number in range(6):
        seconds = [120 * (5 * number + more) for more in range(5)]
        stamps = [datetime.format(NOON + 1000 * second) for second in seconds]
        downloads = [
            {"fileName": f"{stamp}.jpg", "progress": 100, "status": "ok", "timestamp": stamp} for stamp in stamps
        ]
        await device.report(errors=[error(second) for second in seconds], downloads=downloads)
    newest = [datetime.format(NOON + 1000 * 120 * number) for number in range(29, 19, -1)]
    for kind in ("Errors", "Downloads"):
        assert [item["timestamp"] for item in await device.listed(kind)] == newest


@pytest.mark.settings(errors_per_device=20, downloads_per_device=20)
async def test_a_flood_of_different_errors_adds_no_rows_beyond_what_is_stored(
    device: Player, services: Services
) -> None:
    for number in range(6):
        errors = [error(reason=f"{number}/{more}") for more in range(10)]
        downloads = [{"fileName": f"{number}.{more}", "progress": 1, "status": "ok"} for more in range(10)]
        await device.report(errors=errors, downloads=downloads)
    row = await services.store.one(ERRORS)
    assert row is not None
    assert 20 <= row.total <= 22
    reasons = [item["reason"] for item in await device.listed("Errors")]
    assert any(reason.endswith("times)") for reason in reasons), "what is not stored is counted"
    assert len(await device.listed("Downloads")) == 20


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 5 * MINUTE)), max_size=40),
    st.integers(0, 10),
)
def test_every_error_is_stored_counted_or_of_an_unknown_name(
    given_errors: list[tuple[str, str, int]], left: int
) -> None:
    errors = [
        {"name": name, "event": "e", "reason": reason, "response_code": 0, "timestamp": moment}
        for name, reason, moment in given_errors
    ]
    new, counts = fold_errors(errors, [], left)
    assert counts == {}
    assert len(new) <= left
    names = {one["name"] for one in new}
    dropped = sum(one["name"] not in names for one in errors)
    assert sum(one["count"] for one in new) >= len(errors) - dropped - len(errors) * (left == 0)
    if left >= len(errors):
        assert sum(one["count"] for one in new) == len(errors)
        for one in new:
            alike = [two for two in new if (two["name"], two["reason"]) == (one["name"], one["reason"])]
            assert all(two is one or abs(two["timestamp"] - one["timestamp"]) >= MINUTE for two in alike)


def test_an_allowance_recovers_with_time() -> None:
    now = 100.0
    allowance = Allowance(5, 10, clock=lambda: now)
    assert allowance.left(1) == 5
    allowance.use(1, 5)
    assert (allowance.left(1), allowance.left(2)) == (0, 5)
    now += 10
    assert allowance.left(1) == 1
    now += 1000
    assert allowance.left(1) == 5
