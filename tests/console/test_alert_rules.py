"""Rules, maintenance windows and webhooks in the console."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
from httpx import AsyncClient

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox, webhook
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS, VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import confirm, send, sign_in
from tests.notify.webhooks.receiver import Receiver, receiving
from tests.world import World, now

RULES, WINDOWS, WEBHOOKS = (f"/console/alerts/{name}/" for name in ("rules", "windows", "webhooks"))
API = f"{ROOT}/admin/v1"
RULE = {"name": "Dark <lobby>", "kind": "silent", "silence": "30", "minutes": "5", "enabled": "yes"}

pytestmark = [ON_SQLITE, pytest.mark.settings(webhook_addresses="127.0.0.1")]


@pytest.fixture
async def signed_in(client: AsyncClient) -> AsyncClient:
    await sign_in(client)
    return client


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


async def opened(client: AsyncClient, path: str) -> str:
    answer = await client.get(f"{ROOT}{path}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def version_of(page: str) -> str:
    found = re.search(r'name="version" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def test_a_rule_is_created_changed_disabled_and_deleted(
    signed_in: AsyncClient, admin: AsyncClient, world: World
) -> None:
    webhook = str(await world.webhook())
    made = await send(signed_in, f"{RULES}new/", **RULE, filter="[Model] IS 'XT1144'", webhook=webhook, notifies="yes")
    assert made.status_code == 303, made.text
    (rule,) = [each for each in (await admin.get(f"{API}/alerts/rules/")).json() if each["name"] == RULE["name"]]
    assert rule["condition"] == {"kind": "silent", "minutes": 30}
    assert (rule["minutes"], rule["webhooks"], rule["notifiesUsers"], rule["isEnabled"]) == (
        5,
        [int(webhook)],
        True,
        True,
    )
    path = f"{RULES}{rule['id']}/"
    page = await opened(signed_in, path)
    assert "[Model] IS 'XT1144'" in page
    fields = {
        "name": "Errors",
        "kind": "health",
        "health": ["Error", "Warning"],
        "reason": ["storageFull"],
        "minutes": "0",
    }
    changed = await send(signed_in, path, **fields, enabled="yes", version=version_of(page))
    assert changed.status_code == 303, changed.text
    stored = (await admin.get(f"{API}/alerts/rules/{rule['id']}/")).json()
    assert stored["condition"] == {"kind": "health", "health": ["Error", "Warning"], "reasons": ["storageFull"]}
    assert (stored["filter"], stored["webhooks"]) == (None, [])
    stale = await send(signed_in, path, **fields, version=version_of(page))
    assert (stale.status_code, "Somebody else has changed this" in stale.text) == (412, True)
    await send(signed_in, f"{path}enabled", enabled="no")
    assert "Enable<" in await opened(signed_in, RULES)
    assert "Delete: " in (await send(signed_in, f"{path}delete")).text
    await confirm(signed_in, f"{path}delete")
    assert (await signed_in.get(ROOT + path)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"filter": "[Modell] IS 'X'"}, "[Modell] IS 'X'\n^</code>"),
        ({"filter": "[Model] IS"}, "[Model] IS\n          ^</code>"),
        ({"silence": "soon"}, "Expected a whole number or null, got a string."),
        ({"silence": "1"}, "Expected a whole number of at least 5."),
        ({"kind": "event"}, "A condition of the kind 'event' needs it"),
        ({"kind": "x"}, "condition.kind"),
        ({"mail": "999"}, "there is no user 999"),
        ({"name": ""}, "Expected a string no shorter than 1."),
    ],
)
async def test_what_is_wrong_with_a_rule_stands_beside_its_field(
    signed_in: AsyncClient, fields: dict[str, str], words: str
) -> None:
    answer = await send(signed_in, f"{RULES}new/", **(RULE | fields))
    assert (answer.status_code, words in unescape(answer.text)) == (400, True), unescape(answer.text)[-9000:]


async def test_maintenance_is_planned_in_the_zone_of_the_reader_and_deleted(
    signed_in: AsyncClient, admin: AsyncClient
) -> None:
    window = {"name": "Night", "begin": "2030-01-01T22:00", "end": "2030-01-02T04:00", "repeats": "daily"}
    made = await send(signed_in, WINDOWS, **window, filter="[Model] IS 'XT1144'")
    assert made.status_code == 303, made.text
    (stored,) = (await admin.get(f"{API}/alerts/windows/")).json()
    assert (stored["begin"], stored["repeats"]) == ("2030-01-01T22:00:00Z", "daily")
    assert "every day" in await opened(signed_in, WINDOWS)
    for fields, words in (
        ({"end": "2029-01-01T22:00"}, "has to be a date after 'begin'"),
        ({"begin": "tomorrow"}, "is not a date and time"),
        ({"filter": "[Model]"}, "[Model]\n       ^</code>"),
    ):
        wrong = await send(signed_in, WINDOWS, **(window | fields))
        assert (wrong.status_code, words in unescape(wrong.text)) == (400, True), words
    await confirm(signed_in, f"{WINDOWS}{stored['id']}/delete")
    assert (await admin.get(f"{API}/alerts/windows/")).json() == []


async def test_a_webhook_shows_its_secret_once_is_tested_and_gets_another_key(
    signed_in: AsyncClient, admin: AsyncClient, receiver: Receiver
) -> None:
    made = await send(signed_in, f"{WEBHOOKS}new/", name="Desk", url=receiver.url, enabled="yes", kind="HealthChanged")
    assert made.status_code == 200, made.text
    secret = re.search(r'class="secret">(whsec_[^<]+)<', made.text)
    assert secret
    (stored,) = (await admin.get(f"{API}/webhooks/")).json()
    path = f"{WEBHOOKS}{stored['id']}/"
    page = await opened(signed_in, path)
    assert secret[1] not in page
    assert stored["kinds"] == ["HealthChanged"]
    assert "The receiver has answered 200" in (await send(signed_in, f"{path}test")).text
    rotated = re.search(r'class="secret">(whsec_[^<]+)<', (await send(signed_in, f"{path}key", hours="24")).text)
    assert rotated and rotated[1] != secret[1]
    page = await opened(signed_in, path)
    assert "the previous one signs too until" in page
    wrong = await send(signed_in, path, name="Desk", url="ftp://x", version=version_of(page))
    assert (wrong.status_code, "has to begin with 'https://'" in unescape(wrong.text)) == (400, True)
    changed = await send(signed_in, path, name="Door", url=receiver.url, version=version_of(page))
    assert changed.status_code == 303, changed.text
    assert (await send(signed_in, path, name="X", url=receiver.url, version=version_of(page))).status_code == 412
    assert "disabled" in await opened(signed_in, WEBHOOKS)
    await confirm(signed_in, f"{path}delete")
    assert "There is no webhook." in await opened(signed_in, WEBHOOKS)


async def test_a_delivery_that_was_given_up_is_sent_again(signed_in: AsyncClient, world: World) -> None:
    message = await world._failed_delivery()
    path = f"{WEBHOOKS}{await world.webhook()}/"
    assert f'name="message" value="{message}"' in await opened(signed_in, f"{path}?state=failed")
    assert (await send(signed_in, f"{path}replay", message=str(message))).status_code == 303
    assert f'name="message" value="{message}"' not in await opened(signed_in, f"{path}?state=failed")
    assert (await signed_in.get(f"{ROOT}{path}?state=x")).status_code == 400
    assert (await send(signed_in, f"{path}replay", message="0")).status_code == 404


async def test_what_waits_for_a_paused_webhook_has_no_next_attempt(signed_in: AsyncClient, world: World) -> None:
    await world._failed_delivery()
    path = f"{WEBHOOKS}{await world.webhook()}/"
    store = world.services.store
    await store.write(lambda tx: tx.execute(Query(outbox.update().values(state="waiting", next_attempt_date=now()))))
    assert "next attempt" in await opened(signed_in, path)
    await store.write(lambda tx: tx.execute(Query(webhook.update().values(failures=5, paused_until=now() + DAY))))
    page = await opened(signed_in, path)
    assert ("paused" in page, "next attempt" in page) == (True, False)


async def test_managers_of_the_network_see_rules_and_viewers_alerts_alone(
    world: World, sign_in: SignIn, call_as: CallAs
) -> None:
    rule = await world.rule()
    for role, paths in ((NETWORK_MANAGERS, {RULES, WINDOWS}), (VIEWERS, set())):
        client = call_as()
        token = await sign_in(f"{role.id}@example.com", role=role)
        client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
        page = await opened(client, "/console/alerts/")
        for path in (RULES, WINDOWS, WEBHOOKS):
            assert (f'href="{path}"' in page) == (path in paths)
            assert (await client.get(ROOT + path)).status_code == (200 if path in paths else 403)
        hook = await send(client, f"{RULES}{rule}/", **RULE, webhook="1", version="x")
        assert hook.status_code == 403
