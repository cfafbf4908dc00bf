"""GET and DELETE of /Devices/{device}/Tokens/{token}/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import example

EXAMPLE = example("001-46-get-devices-serial-tokens-token-answer")


@pytest.fixture
async def tokens(client: AsyncClient, setup_token: str) -> Any:
    """What a player got when it registered."""
    return await register_player(client, setup_token, "47G49C000042")


async def register_player(client: AsyncClient, setup_token: str, serial: str) -> Any:
    body = {"serial": serial, "model": "XT1144", "firmware": "9.0.110"}
    headers = {"Authorization": f"Bearer {setup_token}"}
    return (await client.post(f"{ROOT}/player/v1/register", json=body, headers=headers)).raise_for_status().json()


@pytest.mark.contract("GET /Devices/{device}/Tokens/{token}/")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_token_of_a_device_is_described(kind: str, tokens: Any, admin: AsyncClient) -> None:
    for family in ("Devices", "Device"):
        for ref in ("47G49C000042", "47g49c000042"):
            answer = await admin.get(f"/{family}/{ref}/Tokens/{tokens[kind]}/")
            assert answer.status_code == 200
            assert list(answer.json()) == list(EXAMPLE)
            assert (answer.json()["token"], answer.json()["scope"]) == (tokens[kind], EXAMPLE["scope"])
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.contract("GET /Devices/{device}/Tokens/{token}/", "DELETE /Devices/{device}/Tokens/{token}/")
async def test_a_token_of_another_device_is_404(
    tokens: Any, admin: AsyncClient, admin_token: str, setup_token: str, client: AsyncClient
) -> None:
    await register_player(client, setup_token, "OTHER")
    for path in (
        f"/Devices/OTHER/Tokens/{tokens['access_token']}/",
        f"/Devices/47G49C000042/Tokens/{admin_token}/",
        f"/Devices/47G49C000042/Tokens/{setup_token}/",
        "/Devices/47G49C000042/Tokens/nothing/",
        f"/Devices/NOBODY/Tokens/{tokens['access_token']}/",
    ):
        for method in ("GET", "DELETE"):
            assert (await admin.request(method, path)).status_code == 404, path


@pytest.mark.contract("DELETE /Devices/{device}/Tokens/{token}/")
@pytest.mark.parametrize("scope", ["bsn.api.main.devices.token.revoke", "bsn.api.main.devices.revoke"])
async def test_a_revoked_token_is_good_for_nothing(
    scope: str, tokens: Any, admin: AsyncClient, call_as: CallAs, sign_in: SignIn
) -> None:
    player = call_as(tokens["access_token"])
    assert (await player.get(f"{ROOT}/player/v1/settings")).status_code == 200
    revoker = call_as(await sign_in(scope=scope))
    path = f"/Device/47G49C000042/Tokens/{tokens['access_token']}/"
    assert (await revoker.delete(path)).status_code == 204
    assert (await player.get(f"{ROOT}/player/v1/settings")).status_code == 401
    assert (await revoker.delete(path)).status_code == 404
    assert (await admin.get(f"/Devices/47G49C000042/Tokens/{tokens['refresh_token']}/")).status_code == 200


@pytest.mark.contract("DELETE /Devices/{device}/Tokens/{token}/")
async def test_a_viewer_may_not_revoke(tokens: Any, call_as: CallAs, sign_in: SignIn) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    path = f"/Devices/47G49C000042/Tokens/{tokens['access_token']}/"
    assert (await viewer.get(path)).status_code == 200
    assert (await viewer.delete(path)).status_code == 403
