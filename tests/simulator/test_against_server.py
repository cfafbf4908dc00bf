"""A simulated fleet and a real server understand each other."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncBaseTransport, AsyncClient, ReadTimeout, Request, Response

from signfleet.app.wiring import Services, make_app
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import token
from signfleet.simulator.fleet import fleet
from signfleet.simulator.player import Tally
from signfleet.simulator.run import simulate
from signfleet.simulator.secrets import Secrets
from signfleet.web.caller.scopes import DEVICE_SCOPE
from tests.conftest import ROOT


async def test_a_demo_fleet_registers_reports_and_can_be_listed(
    services: Services, setup_token: str, admin: AsyncClient
) -> None:
    app: Any = make_app(services)
    tally = await simulate(ROOT, setup_token, 25, period=0, rounds=2, concurrency=4, transport=ASGITransport(app))
    assert (tally.registered, tally.retries) == (25, 0)
    assert (tally.refused, tally.last_refusal) == (0, "")
    assert tally.screenshots >= 25
    page = (await admin.get("/Devices/")).json()
    assert page["totalItemCount"] == 25
    invented = {profile.serial: profile for profile in fleet(25)}
    for player in page["items"]:
        profile = invented[player["serial"]]
        assert (player["model"], player["settings"]["name"]) == (profile.model, profile.name)
        assert player["status"]["firmware"]["version"] == profile.firmware
        assert player["settings"]["location"]["locality"] == profile.place.locality
    health = {player["status"]["health"] for player in page["items"]}
    assert health == {"Normal", "Warning", "Error"}
    listed = (await admin.get(f"{ROOT}/admin/v1/health/")).json()["items"]
    assert {item["settings"] for item in listed} == {"applied"}


async def test_a_fleet_without_a_token_joins_by_its_records(services: Services, admin: AsyncClient) -> None:
    rules = {"protocol1Until": None, "joinsByRecord": True}
    assert (await admin.put(f"{ROOT}/admin/v1/joining/", json=rules)).status_code == 204
    address = (await admin.get(f"{ROOT}/admin/v1/joining/")).json()["joinAddress"]
    for profile in fleet(2):
        record = {"serial": profile.serial, "name": f"Screen {profile.serial}"}
        assert (await admin.post(f"{ROOT}/rest-device/v2/device", json=record)).status_code == 201
    key = address.rpartition("/")[2]
    app: Any = make_app(services)
    tally = await simulate(ROOT, None, 3, period=0, rounds=1, transport=ASGITransport(app), join_key=key)
    assert tally.registered == 2
    assert "No provisioning record" in tally.last_refusal
    devices = (await admin.get("/Devices/")).json()["items"]
    assert {device["settings"]["name"] for device in devices} == {f"Screen {device['serial']}" for device in devices}


class Losing(AsyncBaseTransport):
    """A bad line: every request arrives, every third answer of each kind is lost, and tokens expire now and then."""

    def __init__(self, app: Any, store: Store) -> None:
        self._inner, self._store, self._count = ASGITransport(app), store, 0
        self.calls: Counter[str] = Counter()
        self.lost: set[str] = set()

    async def handle_async_request(self, request: Request) -> Response:
        self._count += 1
        for every, kind in ((7, "access"), (31, "refresh")):
            if self._count % every == 0:
                end = Query(token.delete().where(token.c.kind == kind, token.c.scope == DEVICE_SCOPE))
                await self._store.write(lambda tx, end=end: tx.execute(end))
        answer = await self._inner.handle_async_request(request)
        form = (await request.aread()).decode("latin-1")
        kind = request.url.path.split("/")[3] + form[: form.find("&")] * form.startswith("grant_type")
        self.calls[kind] += 1
        if self.calls[kind] % 3 == 0:
            self.lost.add(kind)
            raise ReadTimeout("the answer was lost")
        return answer


async def test_lost_answers_strand_no_player(
    services: Services, setup_token: str, admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Any = make_app(services)
    line = Losing(app, services.store)
    monkeypatch.setattr("signfleet.simulator.player._FIRST_WAIT", 0.001)
    monkeypatch.setattr("signfleet.simulator.player._LONGEST_WAIT", 0.01)
    for limited in (services.players, services.reports):
        monkeypatch.setattr(limited._rate_limit, "burst", 10_000)
    tally, secrets = Tally(), Secrets()
    for _ in range(2):  # the same players, with their secrets
        await simulate(
            ROOT, setup_token, 5, period=0, rounds=30, concurrency=4, transport=line, tally=tally, secrets=secrets
        )
    assert (tally.refused, tally.last_refusal) == (0, "")
    assert (await admin.get("/Devices/Count/")).json() == 5
    calls = {call.partition("grant_type")[0] for call in line.lost}
    assert calls == {"register", "token", "settings", "report", "screenshots"}
    assert len([call for call in line.lost if call.startswith("token")]) == 2


async def test_secrets_are_read_from_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "players.secrets"
    Secrets(path).put("A1", "old")
    with path.open("a") as file:
        file.write("B2 cut-o")
    secrets = Secrets(path)
    secrets.put("A1", "new")
    assert [Secrets(path).get(serial) for serial in ("A1", "C3")] == ["new", None]
    assert path.stat().st_mode & 0o777 == 0o600
