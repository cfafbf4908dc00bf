"""No sign-in or refresh grants more than the application's scopes or than a token was narrowed to."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.web.caller.scopes import common
from tests.conftest import ROOT, CallAs

TOKEN = f"{ROOT}/realms/bsncloud/protocol/openid-connect/token"
LEGACY = f"{ROOT}/2022/06/REST/Token"
SELF, DEVICES = "bsn.api.self", "bsn.api.main.devices.retrieve"
USER_SCOPE = "bsn.api.main bsn.api.self bsn.api.upload"
ADDRESSES = pytest.mark.parametrize("address", [TOKEN, LEGACY], ids=["openid", "legacy"])


class Program:
    """A registered application that signs its owner in with a password, at one of the token endpoints."""

    def __init__(self, client: AsyncClient, address: str, network: Tenant, application: dict[str, Any]) -> None:
        self._client, self._address, self._network = client, address, network
        self._credentials = {
            "client_id": application["clientId"],
            "client_secret": application["clientSecret"],
        }

    async def signs_in(self, *, to_network: bool = True) -> Response:
        prefix = f"{self._network.network}/" if to_network else ""
        form = {
            "grant_type": "password",
            "username": f"{prefix}{self._network.login}",
            "password": self._network.password,
        }
        return await self._client.post(self._address, data=form | self._credentials)

    async def refreshes(self, answer: Response, *, to_network: bool = False) -> Response:
        form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
        if to_network:
            form["username"] = f"{self._network.network}/{self._network.login}"
        return await self._client.post(self._address, data=form | self._credentials)


async def register(admin: AsyncClient, *scopes: str) -> dict[str, Any]:
    answer = await admin.post("/Self/Applications/", json={"name": "Program", "scopes": list(scopes)})
    application: dict[str, Any] = answer.json()
    return application


def scope(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["scope"])


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (USER_SCOPE, USER_SCOPE, USER_SCOPE),
        (USER_SCOPE, DEVICES, DEVICES),
        (SELF, USER_SCOPE, SELF),
        (SELF, "BSN.api.self.info", "BSN.api.self.info"),
        (SELF, DEVICES, ""),
        (f"{SELF} {DEVICES}", f"bsn.api.main.devices {SELF}.info", f"{DEVICES} {SELF}.info"),
        ("bsn.api.selfish", SELF, ""),
    ],
)
def test_the_intersection_of_two_lists_of_scopes(first: str, second: str, both: str) -> None:
    assert common(first, second) == both
    assert set(common(second, first).split()) == set(both.split())


@ADDRESSES
async def test_a_password_gives_an_application_no_more_than_its_own_scopes(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs, network: Tenant, address: str
) -> None:
    program = Program(client, address, network, await register(admin, DEVICES, f"{SELF}.info"))
    as_user, as_person = await program.signs_in(), await program.signs_in(to_network=False)
    assert set(scope(as_user).split()) == {DEVICES, f"{SELF}.info"}
    assert scope(as_person) == f"{SELF}.info"
    user = call_as(as_user.json()["access_token"])
    assert (await user.get("/Devices/")).status_code == 200
    assert (await user.post("/Provisioning/Setups/Tokens/")).status_code == 403
    assert (await user.put("/Self/", json={"password": "An0ther!pw"})).status_code == 403
    assert (await user.post("/Self/Applications/", json={"name": "x", "scopes": ["bsn.api.main"]})).status_code == 403
    for answer, to_network in ((as_user, False), (as_person, True)):
        renewed = await program.refreshes(answer, to_network=to_network)
        assert set(scope(renewed).split()) == {DEVICES, f"{SELF}.info"}
        assert set(scope(await program.refreshes(renewed, to_network=True)).split()) == {DEVICES, f"{SELF}.info"}


@ADDRESSES
async def test_an_application_without_a_fitting_scope_signs_nobody_in(
    client: AsyncClient, admin: AsyncClient, network: Tenant, address: str
) -> None:
    program = Program(client, address, network, await register(admin, DEVICES))
    refused = await program.signs_in(to_network=False)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert DEVICES in refused.json()["error_description"]


@ADDRESSES
async def test_scopes_that_an_application_loses_are_gone_with_the_next_refresh(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs, network: Tenant, address: str
) -> None:
    application = await register(admin, *USER_SCOPE.split())
    program = Program(client, address, network, application)
    first = await program.signs_in()
    assert scope(first) == USER_SCOPE
    path = f"/Self/Applications/{application['id']}/"
    assert (await admin.put(path, json={"scopes": [DEVICES, SELF]})).status_code == 204
    second = await program.refreshes(first)
    assert set(scope(second).split()) == {DEVICES, SELF}
    renewed = call_as(second.json()["access_token"])
    assert (await renewed.put("/Self/Session/AuthorizationScope/", json=["bsn.api.main"])).status_code == 400
    assert (await admin.put(path, json={"scopes": [f"{SELF}.info"]})).status_code == 204
    assert scope(await program.refreshes(second, to_network=True)) == f"{SELF}.info"


@ADDRESSES
@pytest.mark.parametrize("as_user", [True, False], ids=["a user's token", "a person's token"])
@pytest.mark.parametrize("registered", [True, False], ids=["registered", "unregistered"])
async def test_a_narrowed_token_remains_narrow(
    client: AsyncClient,
    admin: AsyncClient,
    call_as: CallAs,
    network: Tenant,
    address: str,
    as_user: bool,
    registered: bool,
) -> None:
    if registered:
        application = await register(admin, *USER_SCOPE.split())
    elif address == LEGACY:
        application = {"clientId": "Some program", "clientSecret": "whatever"}
    else:
        return  # the newer address accepts registered applications only
    program = Program(client, address, network, application)
    answer = await program.signs_in(to_network=as_user)
    caller = call_as(answer.json()["access_token"])
    narrow = [f"{SELF}.session", f"{SELF}.applications"]
    assert (await caller.put("/Self/Session/AuthorizationScope/", json=narrow)).status_code == 204
    for to_network in (False, True, True):
        assert (await caller.put("/Self/Session/Network/", json={"name": network.network})).status_code == 204
        answer = await program.refreshes(answer, to_network=to_network)
        assert scope(answer).split() == narrow
        caller = call_as(answer.json()["access_token"])
        for path in ("/Devices/", "/Self/"):
            assert (await caller.get(path)).status_code == 403


@pytest.mark.parametrize("as_user", [True, False], ids=["a user's token", "a person's token"])
async def test_a_narrowed_token_issues_no_wider_token(
    client: AsyncClient, call_as: CallAs, network: Tenant, as_user: bool
) -> None:
    program = Program(client, LEGACY, network, {"clientId": "Some program", "clientSecret": "whatever"})
    caller = call_as((await program.signs_in(to_network=as_user)).json()["access_token"])
    narrow = [SELF] if as_user else [f"{SELF}.applications", f"{SELF}.info"]
    assert (await caller.put("/Self/Session/AuthorizationScope/", json=narrow)).status_code == 204
    wide = {"name": "x", "scopes": ["bsn.api.main"]}
    assert (await caller.post("/Self/Applications/", json=wide)).status_code == 403
    assert (await caller.put("/Self/", json={"password": "An0ther!pw"})).status_code == 403
    made = await caller.post("/Self/Applications/", json={"name": "x"})
    assert (made.status_code, set(made.json()["scopes"])) == (201, set(narrow))


async def test_the_token_of_a_player_keeps_its_scopes(client: AsyncClient, setup_token: str) -> None:
    headers = {"Authorization": f"Bearer {setup_token}"}
    player = {"serial": "P1", "model": "HD1024", "firmware": "9.0.100"}
    registered = (await client.post(f"{ROOT}/player/v1/register", json=player, headers=headers)).json()
    form = {"grant_type": "refresh_token", "refresh_token": registered["refresh_token"], "scope": "bsn.api.main"}
    renewed = await client.post(f"{ROOT}/player/v1/token", data=form)
    assert renewed.json()["scope"] == registered["scope"]
    for address in (TOKEN, LEGACY):
        legacy = {"grant_type": "refresh_token", "refresh_token": renewed.json()["refresh_token"], "client_id": "x"}
        assert (await client.post(address, data=legacy)).status_code in (400, 401)
