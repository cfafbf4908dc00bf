"""Players of a site report over HTTP, or do not, while time passes and the server's jobs run; mails go by SMTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from typing import Any

import msgspec
import pytest
import time_machine
from httpx import ASGITransport, AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation import clock
from signfleet.foundation.settings import Settings
from signfleet.foundation.wire.timespan import MINUTE
from tests.conftest import ON_SQLITE, ROOT, CallAs
from tests.fleet.commands.conftest import token_of
from tests.fleet.health.sweeping import PLAYER, join
from tests.notify.mail.server import Received, mail_server, plain

SITE = [f"S{number:02}" for number in range(12)]
ALERTS = f"{ROOT}/admin/v1/alerts/"
#: Minutes between two reports of a player.
PERIOD = 5

pytestmark = ON_SQLITE


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def settings(settings: Settings, received: Received) -> Iterator[Settings]:
    """Adds a mail server to the settings of the server under test."""
    with mail_server(received) as controller:
        yield msgspec.structs.replace(settings, **plain(controller))


class Site:
    """Twelve players that report every five minutes, but for those in `silent`; `minute` is the time that has passed.

    Time passes by the server's clock, as on a testing server.
    """

    def __init__(self, services: Services, players: dict[str, AsyncClient]) -> None:
        self.services, self.players = services, players
        self.silent: Collection[str] = ()
        self.minute = 0

    async def pass_(self, minutes: int) -> None:
        """Lets time pass; each minute players report that have to, and every job of the server runs."""
        for _ in range(minutes):
            self.minute += 1
            clock.set_ahead(clock.ahead() + MINUTE)
            if self.minute % PERIOD == 0:
                await self.report()
            await self.services.background.run_all()

    async def report(self) -> None:
        for serial, player in self.players.items():
            if serial not in self.silent:
                answer = await player.post(f"{PLAYER}/report", json={"sequence": self.minute + 1})
                assert answer.status_code == 200, answer.text

    async def restart(self, settings: Settings) -> Services:
        """Lets another server process of the same store answer the players."""
        self.services = await build(settings)
        transport = ASGITransport(make_app(self.services))
        for player in self.players.values():
            player._transport = transport
        return self.services


@pytest.fixture
async def site(
    services: Services, network: Tenant, call_as: CallAs, setup_token: str, admin: AsyncClient
) -> AsyncIterator[Site]:
    for serial in SITE:
        await join(call_as, setup_token, serial)
    devices = {device["serial"]: device["id"] for device in (await admin.get("/Devices/")).json()["items"]}
    tokens = {serial: await token_of(services, network.network_id, id_) for serial, id_ in devices.items()}
    site = Site(services, {serial: call_as(token) for serial, token in tokens.items()})
    (user,) = (await admin.get("/Self/Users/")).json()
    asked = {f"{name}NotificationEnabled": True for name in ("deviceDisconnected", "devicesDisconnected")}
    assert (await admin.put(f"/Self/Users/{user['id']}/Notifications/", json=asked)).status_code == 204
    await site.report()
    await services.background.run_all()
    yield site
    clock.set_ahead(0)


async def healths(admin: AsyncClient) -> dict[str, int]:
    """Returns how many devices have which health."""
    items = (await admin.get("/Devices/")).json()["items"]
    found = [device["status"]["health"] for device in items]
    return {health: found.count(health) for health in found}


async def open_alerts(admin: AsyncClient) -> list[tuple[str, str]]:
    """Returns rule and serial of the alerts that are not resolved."""
    page: Any = (await admin.get(ALERTS, params={"filter": "[Alert].[State] IS NOT 'resolved'"})).json()
    return sorted((alert["ruleName"], alert["serial"]) for alert in page["items"])


async def test_a_site_that_falls_silent_is_one_mail_by_smtp_and_its_return_is_another(
    site: Site, admin: AsyncClient, received: Received, network: Tenant
) -> None:
    await site.pass_(PERIOD)
    site.silent = SITE
    await site.pass_(14)
    assert await healths(admin) == {"Warning": 12}
    assert (await open_alerts(admin), received.messages) == ([], [])
    await site.pass_(20)
    assert await healths(admin) == {"Error": 12}
    assert len(await open_alerts(admin)) == 12
    (mail,) = received.messages
    assert mail["To"] == network.login
    assert str(mail["Subject"]).startswith("12 players have lost contact")
    text = mail.get_body(("plain",))
    assert text is not None
    assert all(serial in text.get_content() for serial in SITE)
    site.silent = ()
    await site.pass_(11)
    assert await healths(admin) == {"Normal": 12}
    assert await open_alerts(admin) == []
    _, recovered = received.messages
    assert str(recovered["Subject"]).startswith("12 players have recovered")


async def test_after_twenty_minutes_without_a_server_only_those_that_stay_silent_count(
    site: Site, admin: AsyncClient, settings: Settings, received: Received
) -> None:
    """The new process evaluates alerts before health, as may happen: all jobs start at once. Two rules are one mail."""
    rule = {"name": "Quiet", "condition": {"kind": "silent", "minutes": 12}, "notifiesUsers": True}
    assert (await admin.post(f"{ALERTS}rules/", json=rule)).status_code == 201
    await site.pass_(2 * PERIOD + 3)
    with time_machine.travel(clock.now() / 1000 - clock.ahead() / 1000 + 20 * 60, tick=True):
        server = await site.restart(settings)
        await server.alert_evaluator.run(clock.now())
        await server.background.run_all()
        assert await healths(admin) == {"Normal": 12}
        site.silent = gone = SITE[:2]
        site.minute += 20
        for _ in range(9):
            await site.pass_(1)
            assert (await healths(admin), await open_alerts(admin)) == ({"Normal": 12}, [])
        await site.pass_(2)
        assert await healths(admin) == {"Normal": 10, "Warning": 2}
        await site.pass_(12)
        assert await healths(admin) == {"Normal": 10, "Error": 2}
        assert await open_alerts(admin) == [("Quiet", serial) for serial in gone]
        assert [str(mail["Subject"])[:30] for mail in received.messages] == ["2 players have lost contact: a"]
        await server.close()
