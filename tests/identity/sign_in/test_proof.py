"""A new password needs the current one or a recent sign-in with it."""

from __future__ import annotations

import pytest
import time_machine
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from tests.conftest import ON_SQLITE, CallAs
from tests.identity.sign_in.test_routes import LEGACY, TOKEN, client_credentials, password_form, refresh_form

NEW = "N3w-passw0rd!"


async def change(client: AsyncClient, token: str, **body: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await client.put("/Self/", json={"password": NEW, **body}, headers=headers)).status_code


async def test_shortly_after_a_sign_in_by_password_the_token_is_enough(client: AsyncClient, network: Tenant) -> None:
    token = (await client.post(LEGACY, data=password_form(network, username=network.login))).json()["access_token"]
    assert await change(client, token) == 204


async def test_later_the_current_password_is_required_despite_refreshes(client: AsyncClient, network: Tenant) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        first = await client.post(LEGACY, data=password_form(network, username=network.login))
        clock.shift(16 * 60)
        token = (await client.post(LEGACY, data=refresh_form(first))).json()["access_token"]
        assert await change(client, token) == 403
        assert await change(client, token, currentPassword="Wr0ng-one!") == 403
        assert await change(client, token, firstName="Joan", currentPassword=network.password) == 204


async def test_an_application_needs_the_current_password(client: AsyncClient, network: Tenant) -> None:
    token = (await client.post(TOKEN, data=client_credentials(network))).json()["access_token"]
    answer = await client.put("/Self/", json={"password": NEW}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "'currentPassword'" in answer.json()["message"]
    assert await change(client, token, currentPassword=network.password) == 204


@ON_SQLITE
async def test_names_need_no_proof(call_as: CallAs, client: AsyncClient, network: Tenant) -> None:
    token = (await client.post(TOKEN, data=client_credentials(network))).json()["access_token"]
    assert (await call_as(token).put("/Self/", json={"firstName": "Joan", "password": None})).status_code == 204


@ON_SQLITE
async def test_guessing_the_current_password_is_throttled_like_a_sign_in(client: AsyncClient, network: Tenant) -> None:
    token = (await client.post(TOKEN, data=client_credentials(network))).json()["access_token"]
    answers = [await change(client, token, currentPassword="Wr0ng-one!") for _ in range(12)]
    assert answers == [403] * 10 + [429] * 2
    assert (await client.post(LEGACY, data=password_form(network))).status_code == 429


@pytest.mark.settings(sign_in_lifetime_days=2)
async def test_a_chain_of_refresh_tokens_has_an_end(client: AsyncClient, network: Tenant) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        last = await client.post(LEGACY, data=password_form(network, username=network.login))
        for _ in range(3):
            clock.shift(14 * 3600)
            last = await client.post(LEGACY, data=refresh_form(last))
            assert last.status_code == 200
        clock.shift(6 * 3600 - 60)
        last = await client.post(LEGACY, data=refresh_form(last))
        assert last.json()["expires_in"] == 60
        clock.shift(60)
        answer = await client.post(LEGACY, data=refresh_form(last))
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
        assert (await client.post(LEGACY, data=password_form(network))).status_code == 200
