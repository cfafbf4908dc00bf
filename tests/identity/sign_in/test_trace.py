"""The audit trail and the metrics record sign-ins; equal ones are recorded once with a count."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from httpx import ASGITransport, AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, make_app
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit
from signfleet.identity.audit.recording import NO_NETWORK
from signfleet.identity.sign_in import trace
from tests.conftest import BASE, ON_SQLITE, ROOT
from tests.identity.sign_in.test_routes import LEGACY, TOKEN, client_credentials, password_form, refresh_form

TYPED = "my password, in the wrong field"


async def entries(services: Services) -> list[Any]:
    """Returns the entries of sign-ins in the audit trail, oldest first."""
    await services.sign_in_trace.write()
    rows = await services.store.scan_all(Query(audit.select().order_by(audit.c.id)))
    return [row for row in rows if row.action.startswith("SignIn")]


def after(row: Any) -> dict[str, Any]:
    return dict(json.loads(row.after))


async def metric(client: AsyncClient, grant: str, outcome: str) -> float:
    text = (await client.get(f"{ROOT}/metrics")).text
    name = f'signfleet_sign_ins_total{{grant="{grant}",outcome="{outcome}"}} '
    return next((float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name)), 0.0)


async def test_a_sign_in_with_a_network_is_recorded_in_that_network(
    services: Services, client: AsyncClient, network: Tenant, admin: AsyncClient
) -> None:
    registered = {"client_id": network.client_id, "client_secret": network.client_secret}
    assert (await client.post(TOKEN, data=password_form(network) | registered)).status_code == 200
    await services.sign_in_trace.write()
    answer = await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Action] IS 'SignIn'"})
    (entry,) = answer.json()["items"]
    expected = {"actor": network.login, "address": "127.0.0.1", "entity": "User", "entityId": network.user_id}
    assert {name: entry[name] for name in expected} == expected
    assert (entry["name"], entry["before"]) == (network.login, None)
    assert entry["after"] == {"grant": "password", "application": "Command line", "count": 1}


async def test_a_sign_in_without_a_network_is_recorded_for_the_person_first(
    services: Services, client: AsyncClient, network: Tenant
) -> None:
    token = (await client.post(TOKEN, data=client_credentials(network))).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    (row,) = await entries(services)
    assert (row.network_id, row.entity, row.entity_id, row.name) == (
        NO_NETWORK,
        "Person",
        network.person_id,
        network.login,
    )
    await client.put("/Self/Session/Network/", json={"id": network.network_id}, headers=headers)
    _, chosen = await entries(services)
    assert (chosen.network_id, chosen.entity, chosen.entity_id) == (network.network_id, "User", network.user_id)
    assert after(chosen) == {"grant": "session", "application": "Command line", "count": 1}


async def test_a_failure_names_the_login_only_if_it_is_valid(
    services: Services, client: AsyncClient, network: Tenant
) -> None:
    await client.post(LEGACY, data=password_form(network, password="wrong"))
    await client.post(LEGACY, data=password_form(network, username=TYPED))
    await client.post(LEGACY, data=password_form(network, username=f"{TYPED}/{TYPED}"))
    known, unknown = await entries(services)
    assert (known.network_id, known.actor, known.name) == (network.network_id, "anonymous", network.login)
    assert (unknown.network_id, unknown.actor, unknown.name) == (NO_NETWORK, "anonymous", None)
    assert (known.action, known.address, after(known)["reason"]) == (
        "SignInFailure",
        "127.0.0.1",
        "The login or the password is wrong, or the account is not activated yet.",
    )
    assert after(unknown)["count"] == 2
    assert "password" not in str([(row.name, row.before) for row in (known, unknown)])
    assert TYPED not in str([known, unknown])
    assert "wrong field" not in (await client.get(f"{ROOT}/metrics")).text


@ON_SQLITE
async def test_throttled_attempts_are_recorded_apart_from_failures_and_leave_one_event(
    services: Services, client: AsyncClient, admin: AsyncClient, network: Tenant
) -> None:
    before = [await metric(client, "password", outcome) for outcome in ("success", "failure", "throttled")]
    await client.post(LEGACY, data=password_form(network))
    for _ in range(15):
        await client.post(LEGACY, data=password_form(network, password="wrong"))
    counted = [await metric(client, "password", outcome) for outcome in ("success", "failure", "throttled")]
    assert [now - was for now, was in zip(counted, before, strict=True)] == [1, 10, 5]
    rows = await entries(services)
    assert [(row.action, row.name, after(row)["count"]) for row in rows] == [
        ("SignIn", network.login, 1),
        ("SignInFailure", network.login, 10),
        ("SignInThrottled", network.login, 5),
    ]
    events = await admin.get(f"{ROOT}/admin/v1/events/", params={"filter": "[Kind] IS 'SignInLocked'"})
    (event,) = events.json()["items"]
    assert (event["name"], event["deviceId"]) == (network.login, None)
    assert event["data"] == {"login": network.login, "address": "127.0.0.1"}


async def test_a_wrong_secret_names_the_application(services: Services, client: AsyncClient, network: Tenant) -> None:
    await client.post(TOKEN, data=client_credentials(network) | {"client_secret": "guess"})
    await client.post(TOKEN, data=client_credentials(network) | {"client_id": TYPED})
    known, unknown = await entries(services)
    assert (after(known)["application"], after(unknown)["application"]) == ("Command line", None)


async def test_a_reused_refresh_token_is_a_failure_and_a_refresh_is_no_sign_in(
    services: Services, client: AsyncClient, network: Tenant
) -> None:
    first = await client.post(LEGACY, data=password_form(network))
    await client.post(LEGACY, data=refresh_form(first))
    await client.post(LEGACY, data=refresh_form(first))
    sign_in, failure = await entries(services)
    assert (sign_in.action, failure.action) == ("SignIn", "SignInFailure")
    assert "used before" in after(failure)["reason"]


@ON_SQLITE
async def test_equal_events_are_recorded_once_an_hour_with_their_count(
    services: Services, client: AsyncClient, network: Tenant
) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        for _ in range(5):
            await client.post(TOKEN, data=client_credentials(network) | {"client_secret": "guess"})
            (row,) = await entries(services)
        assert after(row)["count"] == 1
        clock.shift(3600)
        first, second = await entries(services)
        assert (after(first)["count"], after(second)["count"]) == (1, 4)
        assert after(second)["since"] == "2026-05-01T12:00:00Z"
        clock.shift(3600)
        assert len(await entries(services)) == 2
        assert services.sign_in_trace._folded == {}


@ON_SQLITE
async def test_a_flood_from_everywhere_fills_neither_disk_nor_memory(
    services: Services, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "KEYS_LIMIT", 20)
    monkeypatch.setattr(trace, "PENDING_LIMIT", 50)
    app: Any = make_app(services)
    for number in range(100):
        transport = ASGITransport(app, client=(f"192.0.2.{number}", 1))
        async with AsyncClient(transport=transport, base_url=BASE) as stranger:
            await stranger.post(TOKEN, data=client_credentials(network) | {"client_secret": "guess"})
        assert len(services.sign_in_trace._pending) <= 50
    rows = await entries(services)
    assert len(rows) <= 22
    assert sum(after(row)["count"] for row in rows) == 100
