"""Several rules that notice the same are one alert, of which each person and each webhook hears once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.alerts.store import INSERT_ALERT
from signfleet.foundation.storage.interface import Duplicate, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert, device
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.notify.events.kinds import ErrorReported, HealthChanged
from signfleet.notify.events.recording import Event, record
from tests.conftest import ON_SQLITE, ROOT, SignIn
from tests.fleet.alerts.dark_site import ALERTS, HOOKS, MESSAGES, RULES, SITE, Site, alerts
from tests.notify.webhooks.receiver import receiving

#: Every health has lasted for an hour.
AGE = Query(device.update().values(health_since=device.c.health_since - HOUR))
STORED = Query(alert.select().order_by(alert.c.id))
SILENT = {"kind": "silent", "minutes": 5}
FIRST = f"[Serial] IS '{SITE[0]}'"
FAULT = {"kind": "health", "health": ["Error"], "reasons": ["storageFull"]}


async def add_rule(admin: AsyncClient, name: str, condition: dict[str, Any] = SILENT, **others: Any) -> int:
    made = await admin.post(RULES, json={"name": name, "condition": condition} | others)
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def rule_of(admin: AsyncClient, name: str) -> int:
    return next(rule["id"] for rule in (await admin.get(RULES)).json() if rule["name"] == name)


@pytest.fixture
async def colleague(services: Services, network: Tenant, sign_in: SignIn) -> int:
    """A user whose settings ask for nothing."""
    await sign_in("colleague@example.com", role=VIEWERS)
    found = await services.users.find(network.network_id, "colleague@example.com")
    assert found is not None
    return int(found.id)


async def posted(site: Site) -> list[tuple[str, str, int]]:
    """Returns receiver, state and number of alerts of each delivery to a webhook."""
    rows = await site.services.store.scan_all(MESSAGES)
    contents = [(row.receiver, json.loads(row.content)) for row in rows if row.channel == "webhook"]
    of_alerts = [(receiver, content["data"]) for receiver, content in contents if content["type"] == "alerts"]
    return [(receiver, data[0]["state"], len(data)) for receiver, data in of_alerts]


async def test_two_rules_about_one_site_are_one_alert_for_each_player_and_one_mail_for_each_person(
    site: Site, asks: None, admin: AsyncClient, network: Tenant, colleague: int
) -> None:
    """The administrator would get a mail by the settings and two by rules, the colleague one by each of two rules."""
    first = await rule_of(admin, "Player lost contact")
    async with receiving() as receiver:
        hook = (await admin.post(HOOKS, json={"name": "Desk", "url": receiver.url})).json()["id"]
        receivers = {"mailTo": [network.user_id, colleague], "webhooks": [hook], "notifiesUsers": True}
        error = {"kind": "health", "health": ["Error"]}
        at_once = await add_rule(admin, "At once", error, **receivers)
        later = await add_rule(admin, "Later", SILENT | {"minutes": 8}, **receivers)
        await site.go_dark()
        await site.wait(30)
        found = await alerts(admin)
        assert len(found) == len({each["deviceId"] for each in found}) == 12
        assert [each["id"] for each in found[0]["rules"]] == found[0]["ruleIds"] == [first, at_once, later]
        assert (found[0]["ruleId"], found[0]["rules"][2]["name"]) == (first, "Later")
        assert found[0]["cause"] | {"date": None} == {
            "kind": "contact", "code": "silent", "date": None, "subject": None, "freePercent": None,
        }  # fmt: skip
        assert found[0]["reason"][:31] == f"last report {found[0]['cause']['date']}"[:31]
        for rule in (first, at_once, later):
            assert len(await alerts(admin, filter=f"[RuleIds] CONTAINS {rule} AND [Cause].[Kind] IS 'contact'")) == 12
        assert sorted(mail.to for mail in await site.mails()) == sorted([network.login, "colleague@example.com"])
        assert await posted(site) == [("Desk", "opened", 12)]
        await site.come_back()
        await site.wait(7)
        assert sorted(mail.to for mail in await site.mails()) == sorted([network.login, "colleague@example.com"] * 2)
        assert await posted(site) == [("Desk", "opened", 12), ("Desk", "resolved", 12)]
    assert {each["state"] for each in await alerts(admin)} == {"resolved"}


@ON_SQLITE
async def test_a_deleted_rule_leaves_the_alert_to_the_others_and_the_last_one_ends_it(
    site: Site, asks: None, admin: AsyncClient
) -> None:
    first = await rule_of(admin, "Player lost contact")
    second = await add_rule(admin, "Quiet", filter=FIRST, notifiesUsers=True)
    await site.go_dark(site.ids[:1])
    await site.wait(10)
    (found,) = await alerts(admin)
    assert found["ruleIds"] == [first, second]
    assert (await admin.delete(f"{RULES}{first}/")).status_code == 204
    await site.wait(2)
    (rest,) = await alerts(admin)
    assert rest == found | {"ruleId": second, "ruleName": "Quiet", "ruleIds": [second], "rules": [rest["rules"][0]]}
    assert (await admin.delete(f"{RULES}{second}/")).status_code == 204
    await site.wait(10)
    assert [each["state"] for each in await alerts(admin)] == ["resolved"]
    assert len(await site.mails()) == 1  # nobody hears of an end that is none


@ON_SQLITE
async def test_a_rule_that_joins_an_acknowledged_alert_leaves_it_so_and_its_receivers_hear_once(
    site: Site, asks: None, admin: AsyncClient, colleague: int, network: Tenant
) -> None:
    await site.go_dark(site.ids[:1])
    await site.wait(5)
    (found,) = await alerts(admin)
    assert (await admin.post(f"{ALERTS}{found['id']}/acknowledge/", json={"note": "Mine"})).status_code == 204
    async with receiving() as receiver:
        hook = (await admin.post(HOOKS, json={"name": "Desk", "url": receiver.url})).json()["id"]
        others = {"mailTo": [colleague, network.user_id], "webhooks": [hook], "notifiesUsers": True}
        await add_rule(admin, "Escalation", filter=FIRST, **others)
        await site.wait(20)
        (joined,) = await alerts(admin)
        assert (joined["state"], joined["note"], joined["id"]) == ("acknowledged", "Mine", found["id"])
        assert [rule["name"] for rule in joined["rules"]] == ["Player lost contact", "Escalation"]
        assert [mail.to for mail in await site.mails()] == [network.login, "colleague@example.com"]
        assert (await site.mails())[1].subject.startswith("Escalation: Player S00")
        assert await posted(site) == [("Desk", "opened", 1)]


@ON_SQLITE
async def test_a_rule_joins_a_muted_alert_without_a_word_until_it_opens_again(
    site: Site, asks: None, admin: AsyncClient, colleague: int, network: Tenant
) -> None:
    await site.go_dark(site.ids[:1])
    await site.wait(5)
    (found,) = await alerts(admin)
    until = {"until": datetime.format(site.time + 20 * MINUTE)}
    assert (await admin.post(f"{ALERTS}{found['id']}/mute/", json=until)).status_code == 204
    await add_rule(admin, "Escalation", filter=FIRST, mailTo=[colleague])
    await site.wait(15)
    (muted,) = await alerts(admin)
    assert (muted["state"], len(muted["rules"])) == ("muted", 2)
    assert [mail.to for mail in await site.mails()] == [network.login]
    await site.wait(10)
    assert (await alerts(admin))[0]["state"] == "open"
    assert [mail.to for mail in await site.mails()] == [network.login, network.login, "colleague@example.com"]


@ON_SQLITE
async def test_a_fault_is_not_over_because_its_player_falls_silent(site: Site, admin: AsyncClient) -> None:
    """Two causes are two alerts; the fault ends when the player says so."""
    await site.set_health("Error", "storageFull", site.ids[:1])
    await site.wait(2)
    await site.go_dark(site.ids[:1])
    await site.services.store.write(lambda tx: tx.execute(AGE))
    reported = site.time
    await site.wait(5)
    (contact,) = await alerts(admin, filter="[Cause].[Kind] IS 'contact'")
    assert datetime.parse(contact["sinceDate"]) == reported
    assert sorted((each["cause"]["kind"], each["state"]) for each in await alerts(admin)) == [
        ("contact", "open"),
        ("storage", "open"),
    ]
    await site.come_back(site.ids[:1])
    await site.wait(2)
    assert {each["state"] for each in await alerts(admin)} == {"resolved"}


@ON_SQLITE
async def test_events_that_say_the_same_as_a_health_join_its_alert(site: Site, admin: AsyncClient) -> None:
    """Others are causes of their own, each an alert although one rule names them."""
    kinds = ["ErrorReported", "HealthChanged"]
    rule = await add_rule(admin, "Events", {"kind": "event", "events": kinds})
    await site.go_dark(site.ids[:1])
    dark = HealthChanged(from_="Normal", to="Error", code="silent")
    for _ in range(2):
        errors = [ErrorReported(error_name="fan"), ErrorReported(error_name="disk")]
        happened = [Event(data, site.ids[0], SITE[0]) for data in (dark, *errors)]
        await site.services.store.write(lambda tx, e=happened: record(tx, site.network_id, *e, now=site.time))
        await site.wait(1)
    found = {each["cause"]["kind"]: each for each in await alerts(admin)}
    assert sorted(found) == ["contact", "error"]
    assert sorted(found["contact"]["ruleIds"]) == sorted([rule, await rule_of(admin, "Player lost contact")])
    assert (found["error"]["count"], found["error"]["cause"]["subject"]) == (4, "disk")
    await site.come_back()
    await site.wait(2)
    assert {each["cause"]["kind"]: each["state"] for each in await alerts(admin)} == {
        "contact": "resolved",
        "error": "open",  # until a person resolves it
    }


async def test_the_store_refuses_a_second_live_alert_of_a_cause(site: Site, admin: AsyncClient) -> None:
    """Evaluations are one at a time. Were they not, the first would open it, and the others fail or change it."""
    evaluation, store = site.services.alert_evaluator._evaluation, site.services.store
    await add_rule(admin, "Faults", FAULT)
    await site.go_dark()
    rules = await evaluation.rules(site.network_id)
    comparison = await evaluation.compare(site.network_id, rules, site.ids, site.time)

    async def apply(tx: Transaction) -> None:
        await evaluation.apply(tx, comparison, site.time)

    outcomes = await asyncio.gather(*(store.write(apply) for _ in range(4)), return_exceptions=True)
    assert all(outcome is None or isinstance(outcome, Duplicate) for outcome in outcomes)
    rows = await store.scan_all(STORED)
    assert sorted(row.device_id for row in rows) == sorted(site.ids)
    again = rows[0]._asdict() | {"id": rows[-1].id + 1000, "rule_id": 999}
    with pytest.raises(Duplicate):
        await store.write(lambda tx: tx.execute(INSERT_ALERT, **again))


@ON_SQLITE
async def test_one_click_ends_every_way_by_which_a_mail_came(
    site: Site, asks: None, admin: AsyncClient, client: AsyncClient, network: Tenant
) -> None:
    await add_rule(admin, "Mine", {"kind": "health", "health": ["Error"]}, mailTo=[network.user_id])
    await site.go_dark(site.ids[:1])
    await site.wait(5)
    (mail,) = await site.mails()
    link = ROOT + "/account" + mail.unsubscribe.partition("/account")[2]
    assert (await client.post(link)).status_code == 200
    await site.come_back()
    await site.wait(5)
    await site.go_dark()
    await site.wait(5)
    assert len(await site.mails()) == 1
