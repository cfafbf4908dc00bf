"""/Self/Tokens: the person's own tokens, by their text."""

from __future__ import annotations

import pytest
import time_machine
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from tests.conftest import CallAs, SignIn
from tests.examples import alike, example


async def person_tokens(client: AsyncClient, network: Tenant) -> dict[str, str]:
    form = {
        "grant_type": "password",
        "client_id": "tests",
        "username": network.login,
        "password": network.password,
    }
    answer: dict[str, str] = (await client.post("/Token", data=form)).json()
    return answer


@pytest.mark.contract("GET /Self/Tokens/{token}/")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_persons_own_token_is_returned(
    client: AsyncClient, admin: AsyncClient, network: Tenant, kind: str
) -> None:
    token = (await person_tokens(client, network))[kind]
    answer = await admin.get(f"/Self/Tokens/{token}/")
    assert answer.status_code == 200
    assert alike(answer.json(), example("002-10-get-self-tokens-token-answer"))
    assert (answer.json()["token"], answer.json()["scope"]) == (token, "bsn.api.self")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.contract("DELETE /Self/Tokens/{token}/")
async def test_a_revoked_access_token_ends_at_once(
    client: AsyncClient, admin: AsyncClient, network: Tenant, call_as: CallAs
) -> None:
    tokens = await person_tokens(client, network)
    caller = call_as(tokens["access_token"])
    assert (await caller.get("/Self/")).status_code == 200
    assert (await admin.delete(f"/Self/Tokens/{tokens['access_token']}/")).status_code == 204
    assert (await caller.get("/Self/")).status_code == 401
    assert (await admin.get(f"/Self/Tokens/{tokens['access_token']}/")).status_code == 404
    assert (await admin.get(f"/Self/Tokens/{tokens['refresh_token']}/")).status_code == 200


async def test_a_revoked_refresh_token_ends_its_access_token_too(
    client: AsyncClient, admin: AsyncClient, network: Tenant, call_as: CallAs
) -> None:
    tokens = await person_tokens(client, network)
    assert (await admin.delete(f"/Self/Tokens/{tokens['refresh_token']}/")).status_code == 204
    assert (await call_as(tokens["access_token"]).get("/Self/")).status_code == 401
    form = {"grant_type": "refresh_token", "client_id": "tests", "refresh_token": tokens["refresh_token"]}
    assert (await client.post("/Token", data=form)).json()["error"] == "invalid_grant"


async def test_a_token_can_revoke_itself(admin: AsyncClient, admin_token: str) -> None:
    assert (await admin.delete(f"/Self/Tokens/{admin_token}/")).status_code == 204
    assert (await admin.get("/Self/")).status_code == 401


async def test_expired_unknown_and_other_peoples_tokens_are_404(
    client: AsyncClient, admin: AsyncClient, network: Tenant, sign_in: SignIn
) -> None:
    with time_machine.travel("2020-01-01", tick=False):
        expired = (await person_tokens(client, network))["refresh_token"]
    others = await sign_in("joe@example.com")
    for token in (expired, others, "unknown", "%C3%A9", "a" * 1000):
        assert (await admin.get(f"/Self/Tokens/{token}/")).status_code == 404
        assert (await admin.delete(f"/Self/Tokens/{token}/")).status_code == 404
