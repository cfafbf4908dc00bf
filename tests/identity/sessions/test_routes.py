"""/admin/v1/sessions: a person lists their sessions and ends unknown ones."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation.settings import Settings
from tests.conftest import BASE, ON_SQLITE, ROOT, CallAs, SignIn
from tests.examples import moment
from tests.identity.access.test_processes import answers_eventually

SESSIONS = f"{ROOT}/admin/v1/sessions/"
TOKEN = f"{ROOT}/realms/bsncloud/protocol/openid-connect/token"


async def signed_in(services: Services, network: Tenant, address: str = "2001:db8::7") -> dict[str, Any]:
    """Signs in by password through the application, from an address."""
    app: Any = make_app(services)
    form = {
        "grant_type": "password",
        "client_id": network.client_id,
        "client_secret": network.client_secret,
        "username": f"{network.network}/{network.login}",
        "password": network.password,
    }
    async with AsyncClient(transport=ASGITransport(app, client=(address, 123)), base_url=BASE) as client:
        answer = await client.post(TOKEN, data=form)
    assert answer.status_code == 200
    return dict(answer.json())


async def test_sessions_are_listed_with_address_application_and_dates(
    services: Services, admin: AsyncClient, network: Tenant
) -> None:
    await signed_in(services, network, "::ffff:192.0.2.7")
    answer = await admin.get(SESSIONS)
    assert answer.status_code == 200
    other, own = answer.json()["items"]
    assert answer.json()["nextMarker"] is None
    assert [other["isOwn"], own["isOwn"]] == [False, True]
    assert {name: other[name] for name in ("grant", "application", "network", "address")} == {
        "grant": "password",
        "application": "Command line",
        "network": network.network,
        "address": "192.0.2.7",
    }
    assert other["creationDate"] == other["lastUsedDate"]
    assert moment(other["lastUsedDate"]) < moment(other["expirationDate"])
    assert {"id", "isOwn", "expirationDate"} <= other.keys()
    assert not [name for name in other if "token" in name.lower()]


async def test_a_refresh_records_the_last_address_and_time(
    services: Services, client: AsyncClient, admin: AsyncClient, network: Tenant
) -> None:
    tokens = await signed_in(services, network)
    form = {"client_id": network.client_id, "client_secret": network.client_secret}
    form |= {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await client.post(TOKEN, data=form)).status_code == 200
    session = (await admin.get(SESSIONS)).json()["items"][0]
    assert session["address"] == "127.0.0.1"
    assert moment(session["lastUsedDate"]) > moment(session["creationDate"])


async def test_ending_a_session_revokes_its_tokens_on_every_server(
    settings: Settings, services: Services, client: AsyncClient, admin: AsyncClient, network: Tenant
) -> None:
    tokens = await signed_in(services, network)
    elsewhere = await build(settings)
    app: Any = make_app(elsewhere)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE, headers=headers) as other:
        assert (await other.get("/Devices/Count/")).status_code == 200
        session = (await admin.get(SESSIONS)).json()["items"][0]
        assert (await admin.delete(f"{SESSIONS}{session['id']}/")).status_code == 204
        assert (await client.get("/Devices/Count/", headers=headers)).status_code == 401
        assert await answers_eventually(other, 401)
    await elsewhere.close()
    form = {"client_id": network.client_id, "client_secret": network.client_secret}
    form |= {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await client.post(TOKEN, data=form)).json()["error"] == "invalid_grant"
    assert session["id"] not in [left["id"] for left in (await admin.get(SESSIONS)).json()["items"]]
    assert (await admin.delete(f"{SESSIONS}{session['id']}/")).status_code == 404


async def test_sessions_of_other_people_are_404(
    admin: AsyncClient, call_as: CallAs, sign_in: SignIn, network: Tenant
) -> None:
    joe = call_as(await sign_in("joe@example.com"))
    (session,) = (await joe.get(SESSIONS)).json()["items"]
    for ref in (session["id"], 0, "x", 99_999_999_999_999_999_999):
        assert (await admin.delete(f"{SESSIONS}{ref}/")).status_code == 404
    assert (await joe.get(SESSIONS)).json()["items"] == [session]


@ON_SQLITE
async def test_sessions_come_in_pages(admin: AsyncClient, sign_in: SignIn) -> None:
    for _ in range(6):
        await sign_in()
    found, marker = [], ""
    while marker is not None:
        page = (await admin.get(SESSIONS, params={"pageSize": 3, "marker": marker})).json()
        found += [session["id"] for session in page["items"]]
        marker = page["nextMarker"]
    assert len(found) == 7
    assert found == sorted(found, reverse=True)


@ON_SQLITE
@pytest.mark.parametrize("marker", ["x", "-1", "9" * 30, "1.5"])
async def test_an_invalid_marker_is_refused(admin: AsyncClient, marker: str) -> None:
    answer = await admin.get(SESSIONS, params={"marker": marker})
    assert answer.status_code == 400
    assert "marker" in answer.json()["message"]


@ON_SQLITE
async def test_sessions_need_their_own_scope(call_as: CallAs, sign_in: SignIn) -> None:
    caller = call_as(await sign_in(scope="bsn.api.self.session"))
    assert (await caller.get(SESSIONS)).status_code == 403
    assert (await caller.delete(f"{SESSIONS}1/")).status_code == 403
