"""Each notification setting about subscriptions and the network mails when its event comes, and no other does."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.alerts.notices import SETTINGS
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox
from signfleet.foundation.wire.timespan import MINUTE
from signfleet.identity.access.operations.definitions import VIEW_SUBSCRIPTION
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.identity.users.schemas import EVENTS
from signfleet.notify.events.kinds import (
    EventData,
    NetworkLevelChanged,
    NetworkLocked,
    NetworkTrialExpiring,
    SubscriptionAged,
    SubscriptionCreated,
    SubscriptionExpiring,
    SubscriptionQueued,
)
from signfleet.notify.events.recording import Event, record
from tests.conftest import ON_SQLITE, SignIn
from tests.fleet.devices.stored import register
from tests.processes import ROOT
from tests.world import now

MESSAGES = Query(outbox.select().order_by(outbox.c.id))
NEVER = "networkSuspending"
ON = "2026-03-04T05:06:07.000Z"


class Case(NamedTuple):
    """What happens to a subscription or to the network, and how the mails about one and about two begin."""

    setting: str
    data: EventData
    one: str
    two: str = ""


def _expiring(kind: str) -> EventData:
    return SubscriptionExpiring(type=kind, subscription_id=7, expiration_date=ON)


def _aged(before: str, after: str | None) -> EventData:
    return SubscriptionAged(subscription_id=7, from_=before, to=after)


CASES = [
    Case("subscriptionCreated", SubscriptionCreated(type="Demo", subscription_id=7), "S1: there is a new", "2 new"),
    Case("subscriptionQueued", SubscriptionQueued(type="Demo", subscription_id=7), "S1 waits for a", "2 subs"),
    Case("graceSubscriptionExpiring", _expiring("Grace"), "S1: the Grace expires on 2026-03-04", "2 Grace"),
    Case("demoSubscriptionExpiring", _expiring("Demo"), "S1: the Demo expires on 2026-03-04", "2 Demo"),
    Case("subscriptionExpiring", _expiring("Content"), "S1: the subscription expires on 2026-03-04", "2 subs"),
    Case("subscriptionExpired", _aged("Suspended", None), "S1: the subscription has expired", "2 subs"),
    Case("subscriptionSuspending", _aged("Active", "Suspending"), "S1: the subscription ends soon", "2 subs"),
    Case("subscriptionSuspended", _aged("Suspending", "Suspended"), "S1: the subscription is susp", "2 subs"),
    Case("networkSuspended", NetworkLocked(is_locked_out=True), "is locked"),
    Case("networkSubscriptionUpgraded", NetworkLevelChanged(from_="Trial", to="Content"), "was upgraded"),
    Case("networkTrialPeriodStarted", NetworkLevelChanged(from_=None, to="Trial"), "has begun"),
    Case("networkTrialPeriodExpiring", NetworkTrialExpiring(expire_date=ON), "Test Network ends on 2026-03-04"),
    Case("networkTrialPeriodExpired", NetworkLevelChanged(from_="Trial", to="Control"), "has ended"),
]


def plural(setting: str) -> str:
    return setting.replace("ubscription", "ubscriptions", 1) if "etwork" not in setting else setting


class World:
    """A network whose administrator chooses settings, and whose time passes as a test says."""

    def __init__(self, services: Services, network: Tenant) -> None:
        self.services, self.network, self.time = services, network, now()

    async def choose(self, *settings: str) -> None:
        user = await self.services.users.row(self.network.user_id)
        chosen = {f"{each}NotificationEnabled": each in settings for each in EVENTS}
        await self.services.notifications.put(user, chosen, self.time)

    async def happen(self, *events: Event, network_id: int | None = None) -> list[Any]:
        """Lets events happen and time pass; returns the mails that come of it."""
        network_id = network_id or self.network.network_id
        known = {row.id for row in await self.services.store.scan_all(MESSAGES)}
        await self.services.store.write(lambda tx: record(tx, network_id, *events, now=self.time))
        for minutes in (0, 3):
            self.time += minutes * MINUTE
            await self.services.alert_evaluator.run(self.time)
        rows = await self.services.store.scan_all(MESSAGES)
        return [row for row in rows if row.id not in known]


@pytest.fixture
async def world(services: Services, network: Tenant) -> World:
    world = World(services, network)
    await services.alert_evaluator.run(world.time)
    return world


@ON_SQLITE
@pytest.mark.parametrize("case", CASES, ids=[case.setting for case in CASES])
async def test_a_setting_mails_when_its_event_comes(case: Case, world: World) -> None:
    """The one about one subscription not for two, and the one about several not for one."""
    ids = await register(world.services.store, world.network.network_id, ["S1", "S2"])
    is_of_network = "etwork" in case.setting
    devices = [(None, None)] if is_of_network else list(zip(ids, ("S1", "S2"), strict=True))
    one, two = Event(case.data, *devices[0]), [Event(case.data, *device) for device in devices]
    await world.choose(case.setting)
    (mail,) = await world.happen(one)
    assert mail.receiver == world.network.login
    assert case.one in mail.subject
    assert is_of_network or await world.happen(*two) == []
    await world.choose(plural(case.setting))
    mails = await world.happen(*two)
    assert [case.two in mail.subject for mail in mails] == [True]
    assert is_of_network or await world.happen(one) == []
    await world.choose(*(each for each in EVENTS if each not in (case.setting, plural(case.setting))))
    assert await world.happen(*two) == []


def test_every_setting_is_shown_and_in_the_documentation() -> None:
    """Those that never mail are named so."""
    mailing = {each for pair in SETTINGS.values() for each in pair}
    assert set(EVENTS) - mailing == {NEVER}
    assert {each for case in CASES for each in (case.setting, plural(case.setting))} == {
        each for each in mailing if not each.startswith("device")
    }
    text = (ROOT / "docs" / "alerts.md").read_text()
    table = text[text.index("| setting |") :].partition("\n\n")[0]
    named = [word for line in table.splitlines()[2:] for word in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == sorted(EVENTS)
    assert next(line for line in table.splitlines() if "**never**" in line).split("`")[1] == NEVER


@ON_SQLITE
async def test_real_changes_arrive(world: World) -> None:
    """The operator adds to the stock and locks the network: two mails of one kind each, one about the lock."""
    await world.choose("subscriptionsCreated", "subscriptionsQueued", "networkSuspended", "networkTrialPeriodStarted")
    network_id, services = world.network.network_id, world.services
    await services.subscriptions.add(network_id, "Content", 365 * 24 * 60 * MINUTE, 12, world.time)
    mails = await world.happen()
    assert sorted(mail.subject for mail in mails) == [
        "12 subscriptions wait for players: subscription Content",
        "There are 12 new subscriptions: subscription Content",
    ]
    await services.networks.set_level(network_id, "Trial", world.time)
    await services.networks.set_locked(await services.networks.row(network_id), True, world.time)
    assert sorted(mail.subject for mail in await world.happen()) == [
        "The network Test Network is locked",
        "The trial of Test Network has begun",
    ]


@ON_SQLITE
async def test_who_may_not_view_subscriptions_hears_nothing_of_the_stock(
    world: World, sign_in: SignIn, admin: AsyncClient
) -> None:
    await sign_in("guest@example.com", role=VIEWERS)
    guest = await world.services.users.find(world.network.network_id, "guest@example.com")
    assert guest is not None
    await world.services.notifications.put(guest, {"subscriptionQueuedNotificationEnabled": True}, world.time)
    denial = {"operationUID": VIEW_SUBSCRIPTION.uid, "principal": {"type": "User", "id": guest.id}, "isAllowed": False}
    queued = Event(SubscriptionQueued(type="Demo", subscription_id=7))
    (mail,) = await world.happen(queued)
    assert (mail.receiver, mail.subject) == ("guest@example.com", "Subscription 7 waits for a player")
    assert (await admin.post(f"/Users/{guest.id}/Permissions/", json=[denial])).status_code == 204
    assert await world.happen(queued) == []


@ON_SQLITE
async def test_events_of_a_network_that_is_gone_mail_nobody_and_stop_nothing(world: World) -> None:
    await world.choose("networkSuspended")
    locked = Event(NetworkLocked(is_locked_out=True))
    assert await world.happen(locked, network_id=world.network.network_id + 1000) == []
    assert len(await world.happen(locked)) == 1
