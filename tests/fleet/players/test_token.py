"""A player exchanges its refresh token."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.foundation.storage import postgres
from signfleet.web.caller.scopes import DEVICE_SCOPE
from tests.conftest import CallAs
from tests.fleet.players.conftest import PLAYER, Register
from tests.interleaving import reading_before_writing


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post(f"{PLAYER}/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def works(call_as: CallAs, access_token: str) -> bool:
    return (await call_as(access_token).get(f"{PLAYER}/settings")).status_code == 200


async def test_new_tokens_replace_the_old_ones(
    client: AsyncClient, call_as: CallAs, registered: dict[str, Any]
) -> None:
    answer = await refresh(client, registered["refresh_token"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert tokens["scope"] == DEVICE_SCOPE
    assert await works(call_as, tokens["access_token"])
    assert not await works(call_as, registered["access_token"])
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200


async def test_reuse_of_a_refresh_token_after_its_answer_was_used_revokes_all_tokens(
    client: AsyncClient, call_as: CallAs, registered: dict[str, Any]
) -> None:
    tokens = (await refresh(client, registered["refresh_token"])).json()
    assert await works(call_as, tokens["access_token"])
    again = await refresh(client, registered["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not await works(call_as, tokens["access_token"])
    assert (await refresh(client, tokens["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "password", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": ["x", "y"]}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "\x00"}, "invalid_request"),
    ],
)
async def test_malformed_requests_get_oauth_errors(client: AsyncClient, form: dict[str, Any], error: str) -> None:
    answer = await client.post(f"{PLAYER}/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_an_access_token_is_not_accepted_as_refresh_token(
    client: AsyncClient, registered: dict[str, Any]
) -> None:
    assert (await refresh(client, registered["access_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_the_token_endpoint_accepts_only_post(client: AsyncClient, method: str) -> None:
    answer = await client.request(method, f"{PLAYER}/token")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


async def test_a_refresh_while_the_session_ends_waits_for_one_lock(
    client: AsyncClient, register: Register, registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    async def pause(attempt: int) -> None:
        attempts.append(attempt)

    monkeypatch.setattr(postgres, "_pause", pause)
    secret = registered["device_secret"]
    with reading_before_writing():
        renewed, again = await asyncio.gather(
            refresh(client, registered["refresh_token"]), register(device_secret=secret)
        )
    assert (renewed.status_code in (200, 400), again.status_code) == (True, 200)
    assert attempts == []
