"""Setup tokens: issued, checked and revoked for one network."""

from __future__ import annotations

import time

import pytest
import time_machine
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire import datetime, timespan
from signfleet.identity.access.operations.roles import ADMINISTRATORS, NETWORK_MANAGERS, VIEWERS, SystemRole
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn

TOKENS = "/Provisioning/Setups/Tokens/"
OLDER = f"{ROOT}/2020/10/REST/Provisioning/Setups/Tokens"
OLDEST = f"{ROOT}/2019/03/rest/provisioning/setups/tokens"


@pytest.mark.contract("POST /Provisioning/Setups/Tokens/")
async def test_a_setup_token_lives_as_long_as_its_network_sets(admin: AsyncClient) -> None:
    answer = await admin.post(TOKENS)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["token", "scope", "validFrom", "validTo"]
    assert body["scope"] == "cert"
    valid_from, valid_to = datetime.parse(body["validFrom"]), datetime.parse(body["validTo"])
    assert valid_from is not None
    assert valid_to is not None
    assert valid_to - valid_from == 730 * timespan.DAY


@ON_SQLITE
@pytest.mark.parametrize(
    "body",
    [
        {"content": b""},
        {"data": {"ignored": "yes"}},
        {"json": {"token": None}},
        {"content": b"\xff", "headers": {"Content-Type": "image/png"}},
    ],
    ids=["none", "form", "json", "junk"],
)
@pytest.mark.parametrize("path", [TOKENS, "/provisioning/setups/tokens", f"{OLDER}/", OLDER, OLDEST])
async def test_any_body_is_ignored(admin: AsyncClient, path: str, body: dict[str, object]) -> None:
    answer = await admin.post(path, **body)
    assert answer.status_code == 200
    assert answer.json()["token"]


@ON_SQLITE
@pytest.mark.parametrize("body", [b'{"a":', b"\xff", b"[" * 60_000], ids=["cut", "bytes", "deep"])
@pytest.mark.parametrize("path", [TOKENS, f"{OLDER}/"])
async def test_a_body_that_is_no_json_is_refused(admin: AsyncClient, path: str, body: bytes) -> None:
    answer = await admin.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("The body is ")


@pytest.mark.contract("GET /Provisioning/Setups/Tokens/{token}/")
@pytest.mark.parametrize("path", [TOKENS, f"{OLDER}/"])
async def test_a_setup_token_is_shown_as_it_was_issued(admin: AsyncClient, path: str) -> None:
    issued = (await admin.post(path)).json()
    answer = await admin.get(f"{path}{issued['token']}/")
    assert (answer.status_code, answer.json()) == (200, issued)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.contract("DELETE /Provisioning/Setups/Tokens/{token}/")
@pytest.mark.parametrize("path", [TOKENS, f"{OLDER}/"])
async def test_a_revoked_setup_token_is_gone(admin: AsyncClient, path: str) -> None:
    token = (await admin.post(path)).json()["token"]
    assert (await admin.get(f"{path}{token}/")).status_code == 200
    assert (await admin.delete(f"{path}{token}")).status_code == 204
    assert (await admin.get(f"{path}{token}/")).status_code == 404
    assert (await admin.delete(f"{path}{token}/")).status_code == 404


async def test_an_expired_setup_token_is_gone(admin: AsyncClient) -> None:
    with time_machine.travel("2020-01-01", tick=False):
        token = (await admin.post(TOKENS)).json()["token"]
    assert (await admin.get(f"{TOKENS}{token}/")).status_code == 404
    assert (await admin.delete(f"{TOKENS}{token}/")).status_code == 404


async def test_access_tokens_are_no_setup_tokens_and_setup_tokens_no_access_tokens(
    admin: AsyncClient, admin_token: str, call_as: CallAs
) -> None:
    assert (await admin.get(f"{TOKENS}{admin_token}/")).status_code == 404
    token = (await admin.post(TOKENS)).json()["token"]
    assert (await call_as(token).get("/Self/")).status_code == 401


async def test_another_networks_setup_tokens_do_not_exist(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    token = (await admin.post(TOKENS)).json()["token"]
    now = time.time_ns() // 1_000_000
    other = await services.networks.create("Other", now)
    await services.users.create(network_id=other.id, person_id=network.person_id, role=ADMINISTRATORS, now=now)
    stranger = call_as(await sign_in(network_id=other.id))
    assert (await stranger.get(f"{TOKENS}{token}/")).status_code == 404
    assert (await stranger.delete(f"{TOKENS}{token}/")).status_code == 404
    assert (await admin.get(f"{TOKENS}{token}/")).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize(("role", "status"), [(NETWORK_MANAGERS, 200), (VIEWERS, 403), (None, 403)])
async def test_setting_players_up_needs_a_role_that_grants_it(
    sign_in: SignIn, call_as: CallAs, role: SystemRole | None, status: int
) -> None:
    caller = call_as(await sign_in("joe@example.com", role=role))
    assert (await caller.post(TOKENS)).status_code == status


@ON_SQLITE
@pytest.mark.parametrize(
    ("scope", "status"),
    [("bsn.api.main.devices.setups", 200), ("bsn.api.main.devices.setups.token.validate", 403), ("bsn.api.self", 403)],
)
async def test_issuing_needs_its_scope(sign_in: SignIn, call_as: CallAs, scope: str, status: int) -> None:
    assert (await call_as(await sign_in(scope=scope)).post(TOKENS)).status_code == status


async def test_issuing_needs_a_token_with_a_network(client: AsyncClient, sign_in: SignIn, call_as: CallAs) -> None:
    assert (await client.post(TOKENS)).status_code == 401
    assert (await call_as(await sign_in(choose=False)).post(TOKENS)).status_code == 403


@ON_SQLITE
async def test_tokens_are_not_listed(admin: AsyncClient) -> None:
    answer = await admin.get(TOKENS)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
