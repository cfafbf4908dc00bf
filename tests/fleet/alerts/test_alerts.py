"""A site goes dark: what rules find, who hears of it, and what people do with the alerts."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.alerts.evaluator import AlertEvaluator
from signfleet.foundation import clock
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.identity.users.schemas import EVENTS as NOTIFICATIONS
from signfleet.notify.events.kinds import ErrorReported, NetworkSettingsChanged
from signfleet.notify.events.recording import Event, record
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.alerts.dark_site import ALERTS, HOOKS, MESSAGES, RULES, SITE, WINDOWS, Site, alerts
from tests.notify.webhooks.receiver import receiving
from tests.world import now


async def test_a_site_of_twelve_that_goes_dark_is_one_mail_and_its_return_another(
    site: Site, asks: None, admin: AsyncClient, network: Tenant
) -> None:
    await site.go_dark()
    await site.wait(1)
    assert len(await alerts(admin, filter="[Alert].[State] IS 'open'")) == 12
    assert await site.mails() == []  # more may come
    await site.wait(30)
    (mail,) = await site.mails()
    assert mail.to == network.login
    assert mail.subject.startswith("12 players have lost contact: ")
    assert all(serial in mail.text for serial in SITE)
    assert "All of them share:" in mail.text
    await site.come_back()
    await site.wait(10)
    _, second = await site.mails()
    assert second.subject.startswith("12 players have recovered")
    assert {alert["state"] for alert in await alerts(admin)} == {"resolved"}


@ON_SQLITE
async def test_players_that_fall_silent_one_after_another_are_one_mail(site: Site, asks: None) -> None:
    for id_ in site.ids:
        await site.go_dark([id_])
        await site.wait(1) if id_ % 2 else None
    await site.wait(5)
    (mail,) = await site.mails()
    assert mail.subject.startswith("12 players")


@ON_SQLITE
async def test_one_player_is_named_and_who_asks_only_for_several_hears_nothing(
    site: Site, asks: None, services: Services, sign_in: SignIn, network: Tenant
) -> None:
    await sign_in("several@example.com", role=ADMINISTRATORS)
    several = await services.users.find(network.network_id, "several@example.com")
    assert several is not None
    await services.notifications.put(several, {"devicesDisconnectedNotificationEnabled": True}, now())
    await site.go_dark(site.ids[:1])
    await site.wait(5)
    (mail,) = await site.mails()
    assert mail.to == network.login
    assert SITE[0] in mail.subject
    await site.go_dark(site.ids[1:3])
    await site.wait(5)
    assert sorted(mail.to for mail in await site.mails()) == sorted([network.login] * 2 + ["several@example.com"])


@ON_SQLITE
async def test_nobody_hears_of_devices_that_they_may_not_view(
    site: Site, services: Services, sign_in: SignIn, network: Tenant, admin: AsyncClient
) -> None:
    await sign_in("guest@example.com", role=VIEWERS)
    guest = await services.users.find(network.network_id, "guest@example.com")
    assert guest is not None
    names = ("deviceDisconnected", "devicesDisconnected")
    await services.notifications.put(guest, {f"{name}NotificationEnabled": True for name in names}, now())
    principal = {"type": "User", "id": guest.id}
    denial = [{"operationUID": VIEW_DEVICE.uid, "principal": principal, "isAllowed": False}]
    for serial in SITE[1:]:
        assert (await admin.post(f"/Devices/{serial}/Permissions/", json=denial)).status_code == 204
    await site.go_dark()
    await site.wait(5)
    (mail,) = await site.mails()
    assert mail.to == "guest@example.com"
    assert SITE[0] in mail.text
    assert not any(serial in mail.text for serial in SITE[1:])


@ON_SQLITE
async def test_one_click_ends_the_mails(site: Site, asks: None, client: AsyncClient, tmp_path: Path) -> None:
    await site.go_dark()
    await site.wait(5)
    (mail,) = await site.mails()
    clock.set_ahead(site.time - clock.now())
    try:
        await site.services.outbox.send_due()
    finally:
        clock.set_ahead(0)
    (path,) = (tmp_path / "outbox").iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["List-Unsubscribe"] == f"<{mail.unsubscribe}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = ROOT + "/account" + mail.unsubscribe.partition("/account")[2]
    assert (await client.get(link)).status_code == 200  # shows a page and changes nothing
    assert (await client.post(link + "x")).status_code == 404
    one_click = await client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200, one_click.text
    await site.come_back()
    await site.wait(5)
    await site.go_dark()
    await site.wait(5)
    assert await site.mails() == []  # the first one was delivered


@ON_SQLITE
async def test_one_click_turns_one_kind_of_mail_off_and_a_second_changes_nothing(
    client: AsyncClient, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    """Both forms of the setting go, everything else stays; there is one audit entry."""
    settings = f"/Self/Users/{network.user_id}/Notifications/"
    everything = {f"{event}NotificationEnabled": True for event in NOTIFICATIONS}
    assert (await admin.put(settings, json=everything)).status_code == 204
    before = (await admin.get(settings)).json()
    link = services.mailing._unsubscribing.link(network.network_id, network.user_id, "subscriptionQueued")
    address = ROOT + "/account" + link.partition("/account")[2]
    entries = (await admin.get(f"{ROOT}/admin/v1/audit/")).json()["totalItemCount"]
    for _ in range(2):
        assert (await client.post(address, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    after = (await admin.get(settings)).json()
    off = ["subscriptionQueuedNotificationEnabled", "subscriptionsQueuedNotificationEnabled"]
    assert after == before | dict.fromkeys(off, False)
    assert (await admin.get(f"{ROOT}/admin/v1/audit/")).json()["totalItemCount"] == entries + 1


@ON_SQLITE
@pytest.mark.settings(alert_mails_per_hour=2)
async def test_a_person_gets_a_few_mails_an_hour_and_then_a_summary(site: Site, asks: None) -> None:
    for id_ in site.ids[:5]:
        await site.go_dark([id_])
        await site.wait(4)
    assert len(await site.mails()) == 2
    await site.wait(60)
    *_, summary = await site.mails()
    assert len(await site.mails()) == 3
    assert summary.subject.startswith("3 more alert mails")


@ON_SQLITE
async def test_an_own_template_replaces_the_text(site: Site, asks: None, network: Tenant) -> None:
    user = await site.services.users.row(network.user_id)
    own = {"devicesDisconnectedNotificationTemplate": "Away: {{ number }} of {{network}} {{ x }}\n{{devices}}"}
    await site.services.notifications.put(user, own, now())
    await site.go_dark()
    await site.wait(5)
    (mail,) = await site.mails()
    assert "Away: 12 of Test Network {{ x }}\n" in mail.text


async def test_two_processes_evaluate_as_one(site: Site, asks: None, admin: AsyncClient) -> None:
    """The second does nothing until the first, which has died, loses its lease; nothing is lost or doubled."""
    services = site.services
    others = [AlertEvaluator(services.store, services.outbox, services.mailing) for _ in range(3)]
    await site.go_dark()
    site.time += MINUTE
    await asyncio.gather(*(each.run(site.time) for each in (services.alert_evaluator, *others)))
    assert len(await alerts(admin)) == 12
    for other in others:
        await site.wait(2, other)
    assert len(await alerts(admin)) == 12
    await site.wait(5, others[0])
    assert len(await site.mails()) == 1


async def test_rules_open_alerts_after_a_while_for_matching_devices_and_tell_webhooks(
    site: Site, admin: AsyncClient
) -> None:
    async with receiving() as receiver:
        hook = (await admin.post(HOOKS, json={"name": "Desk", "url": receiver.url})).json()
        body = {
            "name": "First three",
            "condition": {"kind": "health", "health": ["Error", "Warning"]},
            "filter": f"[Serial] IS IN ('{SITE[0]}', '{SITE[1]}', '{SITE[2]}')",
            "minutes": 5,
            "webhooks": [hook["id"]],
        }
        made = await admin.post(RULES, json=body)
        assert made.status_code == 201, made.text
        await site.go_dark()
        mine = {"filter": f"[Alert].[RuleIds] CONTAINS {made.json()['id']}"}
        await site.wait(4)
        assert await alerts(admin, **mine) == []
        await site.come_back(site.ids[:1])
        await site.wait(2)
        opened = await alerts(admin, **mine)
        assert [alert["serial"] for alert in opened] == [SITE[2], SITE[1]]
        await site.come_back()
        await site.wait(1)
        rows = await site.services.store.scan_all(MESSAGES)
    contents = [json.loads(row.content) for row in rows if row.channel == "webhook"]
    events = [content for content in contents if content["type"] == "alerts"]
    assert [[each["state"] for each in content["data"]] for content in events] == [["opened"] * 2, ["resolved"] * 2]


@ON_SQLITE
async def test_alerts_are_acknowledged_muted_and_resolved(site: Site, admin: AsyncClient, network: Tenant) -> None:
    await site.go_dark(site.ids[:2])
    await site.wait(1)
    second, first = await alerts(admin)
    assert (await admin.post(f"{ALERTS}{first['id']}/acknowledge/", json={"note": "On my way"})).status_code == 204
    shown = (await admin.get(f"{ALERTS}{first['id']}/")).json()
    assert (shown["state"], shown["actor"], shown["note"]) == ("acknowledged", network.login, "On my way")
    until = datetime.format(site.time + 10 * MINUTE)
    assert (await admin.post(f"{ALERTS}{second['id']}/mute/", json={"until": until})).status_code == 204
    await site.wait(5)
    assert (await admin.get(f"{ALERTS}{second['id']}/")).json()["state"] == "muted"
    await site.wait(6)
    assert (await admin.get(f"{ALERTS}{second['id']}/")).json()["state"] == "open"
    assert len(await alerts(admin)) == 2  # never two for one cause
    past = {"until": datetime.format(now() - HOUR)}
    assert (await admin.post(f"{ALERTS}{second['id']}/mute/", json=past)).status_code == 400
    await admin.post(f"{ALERTS}{second['id']}/resolve/")
    assert (await admin.post(f"{ALERTS}{second['id']}/resolve/")).status_code == 400


@ON_SQLITE
async def test_a_maintenance_window_is_quiet_and_what_lasts_opens_afterwards(site: Site, admin: AsyncClient) -> None:
    window = {"name": "Works", "filter": f"[Serial] IS NOT '{SITE[0]}'", "begin": datetime.format(site.time)}
    made = await admin.post(WINDOWS, json=window | {"end": datetime.format(site.time + 20 * MINUTE)})
    assert made.status_code == 201, made.text
    await site.go_dark()
    await site.wait(10)
    assert [alert["serial"] for alert in await alerts(admin)] == [SITE[0]]
    await site.wait(12)
    assert len(await alerts(admin)) == 12
    bad = window | {"end": window["begin"]}
    assert "'end'" in (await admin.post(WINDOWS, json=bad)).json()["message"]


async def test_events_open_one_alert_that_counts_and_go_to_webhooks(site: Site, admin: AsyncClient) -> None:
    rule = {"name": "Errors", "condition": {"kind": "event", "events": ["ErrorReported"]}}
    assert (await admin.post(RULES, json=rule)).status_code == 201
    async with receiving() as receiver:
        body = {"name": "Desk", "url": receiver.url, "kinds": ["ErrorReported"]}
        body["filter"] = f"[Serial] IS '{SITE[0]}'"
        assert (await admin.post(HOOKS, json=body)).status_code == 201
        for _ in range(3):
            happened = [Event(ErrorReported(error_name="diskError"), id_, "S") for id_ in site.ids[:2]]
            await site.services.store.write(lambda tx, e=happened: record(tx, site.network_id, *e, now=site.time))
            await site.wait(1)
        rows = await site.services.store.scan_all(MESSAGES)
    found = await alerts(admin)
    assert sorted((alert["deviceId"], alert["count"]) for alert in found) == [(id_, 3) for id_ in site.ids[:2]]
    messages = [json.loads(row.content) for row in rows]
    assert [[each["deviceId"] for each in message["data"]] for message in messages] == [site.ids[:1]] * 3
    assert messages[0]["data"][0]["data"]["errorName"] == "diskError"


async def test_a_webhook_gets_the_events_that_pass_all_of_its_filters(site: Site, admin: AsyncClient) -> None:
    """A filter of events narrows those of any kind, beside the kinds and the filter of devices, and may be changed."""
    async with receiving() as receiver:
        wanted = {
            "Disks": {"eventFilter": "[Name] IS 'DISKERROR'"},
            "Disk of the first": {"eventFilter": "[Name] IS 'diskError'", "filter": f"[Serial] IS '{SITE[0]}'"},
            "All but errors": {"eventFilter": "[Event].[Kind] IS NOT 'ErrorReported'"},
            "No such kind": {"eventFilter": "[Name] IS 'diskError'", "kinds": ["DeviceRemoved"]},
        }
        for name, chosen in wanted.items():
            made = await admin.post(HOOKS, json={"name": name, "url": receiver.url} | chosen)
            assert made.json()["eventFilter"] == chosen["eventFilter"]
        happened = [
            Event(ErrorReported(error_name=name), id_, serial)
            for id_, serial in zip(site.ids[:2], SITE, strict=False)
            for name in ("diskError", "fanError")
        ]
        happened.append(Event(NetworkSettingsChanged()))
        await site.services.store.write(lambda tx: record(tx, site.network_id, *happened, now=site.time))
        await site.wait(1)
        rows = await site.services.store.scan_all(MESSAGES)
        got = {row.receiver: [each["deviceId"] for each in json.loads(row.content)["data"]] for row in rows}
        bad = await admin.post(HOOKS, json={"name": "X", "url": receiver.url, "eventFilter": "[Model] IS 'X'"})
    assert got["Disks"] == site.ids[:2]
    assert got["Disk of the first"] == site.ids[:1]
    assert got["All but errors"][-1:] == [None]
    assert not set(site.ids) & set(got["All but errors"])
    assert "No such kind" not in got
    assert (bad.status_code, bad.json()["message"][:14]) == (400, "'eventFilter':")


@ON_SQLITE
async def test_a_deleted_rule_and_a_deleted_device_end_their_alerts(site: Site, admin: AsyncClient) -> None:
    await site.go_dark(site.ids[:2])
    await site.wait(1)
    assert (await admin.delete(f"/Devices/{SITE[0]}/")).status_code == 204
    await site.wait(2)
    assert sorted(alert["state"] for alert in await alerts(admin)) == ["open", "resolved"]
    for rule in (await admin.get(RULES)).json():
        assert (await admin.delete(f"{RULES}{rule['id']}/")).status_code == 204
    await site.wait(2)
    assert {alert["state"] for alert in await alerts(admin)} == {"resolved"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"condition": {"kind": "event", "events": ["Nonsense"]}}, "'condition.events'"),
        ({"condition": {"kind": "event", "events": ["ErrorReported"]}, "minutes": 5}, "'minutes'"),
        ({"filter": "[Nonsense] IS 1"}, "'filter'"),
        ({"mailTo": [99]}, "'mailTo': there is no user 99"),
        ({"webhooks": [99]}, "'webhooks': there is no webhook 99"),
        ({"condition": {"kind": "weather"}}, "condition"),
        ({"name": "player LOST contact"}, "'name'"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused(admin: AsyncClient, change: dict[str, Any], complaint: str) -> None:
    rule = {"name": "N", "condition": {"kind": "silent", "minutes": 5}} | change
    answer = await admin.post(RULES, json=rule)
    assert answer.status_code == 400, answer.text
    assert complaint in answer.json()["message"]


@ON_SQLITE
async def test_a_viewer_sees_alerts_of_devices_they_may_view_and_no_rules(
    site: Site, call_as: CallAs, sign_in: SignIn
) -> None:
    await site.go_dark(site.ids[:1])
    await site.wait(1)
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert len(await alerts(viewer)) == 1
    assert (await viewer.get(RULES)).status_code == 403
