"""/Self/Applications: programs that act for the person."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.identity.applications.schemas import ApplicationChange, SecretExpiry
from signfleet.identity.sign_in.service import Client
from signfleet.web.contract.conditional import NONE
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.interleaving import reading_before_writing
from tests.world import ULLA, now

APPLICATIONS = "/Self/Applications/"
OPENID = f"{ROOT}/realms/bsncloud/protocol/openid-connect"
PASSWORD = "7t#Sqg7*"


async def token_for(client: AsyncClient, application: dict[str, Any]) -> Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": application["clientId"],
        "client_secret": application["clientSecret"],
    }
    return await client.post(f"{OPENID}/token", data=form)


async def is_active(client: AsyncClient, credentials: dict[str, str], token: str) -> bool:
    answer = await client.post(f"{OPENID}/token/introspect", data={**credentials, "token": token})
    assert answer.status_code == 200
    return bool(answer.json()["active"])


async def register(caller: AsyncClient, **properties: Any) -> dict[str, Any]:
    answer = await caller.post(APPLICATIONS, json={"name": "Importer", **properties})
    assert answer.status_code == 201
    application: dict[str, Any] = answer.json()
    return application


async def test_an_application_is_registered_and_signs_in(client: AsyncClient, admin: AsyncClient) -> None:
    answer = await admin.post(APPLICATIONS, json={"name": "Importer", "scopes": ["bsn.api.main.devices"]})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    application = answer.json()
    assert list(application) == [
        "id",
        "clientId",
        "clientSecret",
        "name",
        "description",
        "scopes",
        "secretExpirationDate",
        "creationDate",
        "lastModifiedDate",
    ]
    token = await token_for(client, application)
    assert (token.status_code, token.json()["scope"]) == (200, "bsn.api.main.devices")
    assert application["secretExpirationDate"] is None
    assert (await admin.get(answer.headers["Location"])).json() == application | {"clientSecret": None}


async def test_applications_are_listed_and_counted_without_their_secrets(admin: AsyncClient, network: Tenant) -> None:
    application = await register(admin)
    listed = (await admin.get(APPLICATIONS)).json()
    assert [found["clientId"] for found in listed] == [network.client_id, application["clientId"]]
    assert {found["clientSecret"] for found in listed} == {None}
    assert (await admin.get(f"{APPLICATIONS}Count/")).text == "2"


@ON_SQLITE
async def test_the_available_scopes_are_listed(admin: AsyncClient) -> None:
    scopes = (await admin.get(f"{APPLICATIONS}Scopes/")).json()
    assert {"bsn.api.main", "bsn.api.self", "bsn.api.main.devices.retrieve"} <= set(scopes)
    for scope in scopes:
        await register(admin, scopes=[scope])


async def test_a_new_secret_ends_the_old_one_and_its_tokens(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs
) -> None:
    before = await register(admin)
    caller = call_as((await token_for(client, before)).json()["access_token"])
    assert (await caller.get("/Self/")).status_code == 200
    after = (await admin.post(f"{APPLICATIONS}{before['id']}/Secret/")).json()
    assert after["clientSecret"] != before["clientSecret"]
    assert (await caller.get("/Self/")).status_code == 401
    assert (await token_for(client, before)).status_code == 401
    assert (await token_for(client, after)).status_code == 200


LATER = "2124-03-13T16:30:00Z"


async def expire_at(admin: AsyncClient, application: dict[str, Any], services: Services, date: int) -> None:
    """Sets the expiry of the secret to `date` in the store."""
    await services.applications.update(
        (await admin.get("/Self/")).json()["id"],
        application["id"],
        ApplicationChange(secret_expiry=SecretExpiry(date)),
        NONE,
        date - 1,
    )


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        (LATER, LATER),
        ("2124-03-13T17:30:00+01:00", LATER),
        ("2124-03-13T16:30:00.1239", "2124-03-13T16:30:00.123Z"),
        ("0001-01-01T00:00:00", None),
        (None, None),
    ],
)
async def test_every_new_secret_can_have_an_expiry(
    admin: AsyncClient, client: AsyncClient, given: str | None, answered: str | None
) -> None:
    application = await register(admin, secretExpirationDate=given)
    address = f"{APPLICATIONS}{application['id']}/"
    assert application["secretExpirationDate"] == answered
    assert (await token_for(client, application)).status_code == 200
    for other in ("2100-01-01T00:00:00Z", given):
        answer = await admin.post(f"{address}Secret/", json={"secretExpirationDate": other})
        assert (answer.status_code, (await token_for(client, answer.json())).status_code) == (200, 200)
    assert answer.json()["secretExpirationDate"] == answered
    assert [row["secretExpirationDate"] for row in (await admin.get(APPLICATIONS)).json()] == [None, answered]
    assert (await admin.post(f"{address}Secret/")).json()["secretExpirationDate"] is None


async def test_the_expiry_of_a_secret_changes_only_on_request(admin: AsyncClient) -> None:
    address = f"{APPLICATIONS}{(await register(admin, secretExpirationDate=LATER))['id']}/"

    async def after(change: dict[str, Any]) -> Any:
        assert (await admin.put(address, json=change)).status_code == 204
        return (await admin.get(address)).json()["secretExpirationDate"]

    assert await after({"name": "Exporter"}) == LATER
    assert await after({"secretExpirationDate": "2100-01-01T00:00:00Z"}) == "2100-01-01T00:00:00Z"
    assert await after((await admin.get(address)).json()) == "2100-01-01T00:00:00Z"
    assert await after({"secretExpirationDate": None}) is None


@pytest.mark.parametrize("date", ["2020-01-01T00:00:00Z", "tomorrow", "2124-02-30T00:00:00Z", ""])
async def test_the_expiry_of_a_secret_is_in_the_future(admin: AsyncClient, date: str) -> None:
    address = f"{APPLICATIONS}{(await register(admin))['id']}/"
    body = {"name": "Importer", "secretExpirationDate": date}
    for answer in (
        await admin.post(APPLICATIONS, json=body),
        await admin.put(address, json=body),
        await admin.post(f"{address}Secret/", json=body),
    ):
        assert (answer.status_code, "secretExpirationDate" in answer.text) == (400, True), answer.text
    assert (await admin.get(address)).json()["secretExpirationDate"] is None
    assert (await admin.get(f"{APPLICATIONS}Count/")).text == "2"


async def test_an_expired_secret_is_refused_and_can_be_replaced(
    client: AsyncClient, admin: AsyncClient, services: Services
) -> None:
    application = await register(admin)
    await expire_at(admin, application, services, now() - 60_000)
    answer = await token_for(client, application)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "expired" in answer.json()["error_description"]
    address = f"{APPLICATIONS}{application['id']}/"
    unchanged = (await admin.get(address)).json() | {"description": "Sends"}
    assert (await admin.put(address, json=unchanged)).status_code == 204
    new = (await admin.post(f"{address}Secret/")).json()
    assert (await token_for(client, new)).status_code == 200


@pytest.mark.parametrize("grant_type", ["client_credentials", "password"])
async def test_tokens_expire_with_the_secret_they_were_issued_for(
    client: AsyncClient,
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    call_as: CallAs,
    grant_type: str,
) -> None:
    application = await register(admin)
    form = {
        "grant_type": grant_type,
        "client_id": application["clientId"],
        "client_secret": application["clientSecret"],
        "username": network.login,
        "password": network.password,
    }
    before = (await client.post(f"{OPENID}/token", data=form)).json()
    assert before["expires_in"] > 60
    soon = datetime.format(now() + 60_000)
    address = f"{APPLICATIONS}{application['id']}/"
    assert (await admin.put(address, json={"secretExpirationDate": soon})).status_code == 204
    limited = (await client.post(f"{OPENID}/token", data=form)).json()
    assert 0 < limited["expires_in"] <= 60
    if grant_type == "password":
        renewal = {**form, "grant_type": "refresh_token", "refresh_token": limited["refresh_token"]}
        limited = (await client.post(f"{OPENID}/token", data=renewal)).json()
        assert 0 < limited["expires_in"] <= 60
    assert (await call_as(before["access_token"]).get("/Self/")).status_code == 200

    await expire_at(admin, application, services, now() - 60_000)
    for tokens in (before, limited):
        assert (await call_as(tokens["access_token"]).get("/Self/")).status_code == 401
    if grant_type == "password":
        again = await client.post(f"{OPENID}/token", data={**renewal, "refresh_token": limited["refresh_token"]})
        assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


async def test_a_narrow_caller_can_shorten_but_not_extend_a_wide_secret(
    admin: AsyncClient, call_as: CallAs, sign_in: SignIn
) -> None:
    address = f"{APPLICATIONS}{(await register(admin, secretExpirationDate=LATER))['id']}/"
    narrow = call_as(await sign_in(scope="bsn.api.self.applications"))
    assert (await narrow.put(address, json={"secretExpirationDate": LATER})).status_code == 204
    for longer in ("2124-03-13T16:30:01Z", None):
        assert (await narrow.put(address, json={"secretExpirationDate": longer})).status_code == 403
    assert (await narrow.put(address, json={"secretExpirationDate": "2100-01-01T00:00:00Z"})).status_code == 204


async def test_a_secret_that_expires_during_the_check_is_refused(
    client: AsyncClient, admin: AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = await register(admin)
    checked = services.sign_in.application

    async def check_and_expire(who: Client, *others: Any) -> Any:
        row = await checked(who, *others)
        await expire_at(admin, application, services, now() - 60_000)
        return row

    monkeypatch.setattr(services.sign_in, "application", check_and_expire)
    answer = await token_for(client, application)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_two_concurrent_changes_both_apply(admin: AsyncClient) -> None:
    address = f"{APPLICATIONS}{(await register(admin))['id']}/"
    with reading_before_writing():
        await asyncio.gather(
            admin.put(address, json={"name": "Exporter"}), admin.put(address, json={"description": "Sends"})
        )
    changed = (await admin.get(address)).json()
    assert (changed["name"], changed["description"]) == ("Exporter", "Sends")


async def test_of_two_concurrent_deletes_of_an_application_one_succeeds(admin: AsyncClient) -> None:
    address = f"{APPLICATIONS}{(await register(admin))['id']}/"
    with reading_before_writing():
        answers = await asyncio.gather(admin.delete(address), admin.delete(address))
    assert sorted(answer.status_code for answer in answers) == [204, 404]


@pytest.mark.parametrize("ending", ["delete", "secret"])
async def test_a_secret_replaced_during_the_check_is_refused(
    client: AsyncClient, admin: AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    application = await register(admin)
    checked = services.sign_in.application

    async def check_and_end(who: Client, *others: Any) -> Any:
        row = await checked(who, *others)
        address = f"{APPLICATIONS}{application['id']}/"
        await (admin.delete(address) if ending == "delete" else admin.post(f"{address}Secret/"))
        return row

    monkeypatch.setattr(services.sign_in, "application", check_and_end)
    answer = await token_for(client, application)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_name_description_and_scopes_can_be_changed(client: AsyncClient, admin: AsyncClient) -> None:
    application = await register(admin)
    address = f"{APPLICATIONS}{application['id']}/"
    seen = await admin.get(address)
    change = {"name": "Exporter", "scopes": ["bsn.api.self"], "clientId": "mine"}
    assert (await admin.put(address, json=change, headers={"If-Match": seen.headers["ETag"]})).status_code == 204
    assert (await admin.put(address, json=change, headers={"If-Match": seen.headers["ETag"]})).status_code == 412
    changed = (await admin.get(address)).json()
    assert (changed["name"], changed["scopes"], changed["clientId"]) == (
        "Exporter",
        ["bsn.api.self"],
        application["clientId"],
    )
    assert (await token_for(client, application)).json()["scope"] == "bsn.api.self"


async def test_a_deleted_application_is_gone_with_its_tokens(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs
) -> None:
    application = await register(admin)
    caller = call_as((await token_for(client, application)).json()["access_token"])
    assert (await caller.delete(f"{APPLICATIONS}{application['id']}/")).status_code == 204
    assert (await caller.get("/Self/")).status_code == 401
    assert (await token_for(client, application)).status_code == 401
    assert (await admin.get(f"{APPLICATIONS}{application['id']}/")).status_code == 404


async def test_applications_are_found_by_filters_and_sorted(admin: AsyncClient) -> None:
    for name in ("screen 10", "Screen 2", "Écran"):
        await register(admin, name=name)

    async def names(**query: str) -> list[str]:
        return [found["name"] for found in (await admin.get(APPLICATIONS, params=query)).json()]

    assert await names(filter="[Application].[Name] BEGINS WITH 'SCREEN'") == ["screen 10", "Screen 2"]
    assert await names(sort="[Name] DESC") == ["screen 10", "Screen 2", "Écran", "Command line"]
    assert await names(filter="[CreationDate] IS BEFORE '2001-01-01T00:00:00Z'") == []
    assert (await admin.get(f"{APPLICATIONS}Count/", params={"filter": "[Name] IS 'ÉCRAN'"})).text == "1"
    for query in ({"filter": "[ClientSecret] IS 'x'"}, {"sort": "[Name] UP"}):
        assert (await admin.get(APPLICATIONS, params=query)).status_code == 400


async def test_own_applications_that_a_filter_matches_are_deleted(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs, sign_in: SignIn
) -> None:
    doomed, spared = await register(admin, name="Old"), await register(admin, name="New")
    of_another = await register(call_as(await sign_in(ULLA)), name="Old")
    token = (await token_for(client, doomed)).json()["access_token"]
    for query in ({}, {"filter": " "}, {"filter": "[Name]"}):
        assert (await admin.delete(APPLICATIONS, params=query)).status_code == 400
    old = {"filter": "[Name] IS 'old'"}
    answer = await admin.delete(APPLICATIONS, params=old)
    assert (answer.status_code, answer.text) == (200, "1")
    assert (await admin.delete(APPLICATIONS, params=old)).text == "0"
    assert (await call_as(token).get("/Self/")).status_code == 401
    assert (await token_for(client, spared)).status_code == 200
    assert (await token_for(client, of_another)).status_code == 200
    renamed = await admin.put(f"{APPLICATIONS}{spared['id']}/", json={"name": "Old"})
    assert renamed.status_code == 204
    assert (await admin.delete(APPLICATIONS, params=old)).text == "1", "a new name counts at once"


async def test_an_application_cannot_grant_more_than_it_has(
    client: AsyncClient, admin: AsyncClient, call_as: CallAs
) -> None:
    narrow = await register(admin, scopes=["bsn.api.self.applications"])
    caller = call_as((await token_for(client, narrow)).json()["access_token"])
    assert (await caller.post(APPLICATIONS, json={"name": "x", "scopes": ["bsn.api.main"]})).status_code == 403
    assert (await caller.put(f"{APPLICATIONS}{narrow['id']}/", json={"scopes": ["bsn.api.self"]})).status_code == 403
    two_in_one = {"name": "x", "scopes": ["bsn.api.self.applications.create bsn.api.main"]}
    assert (await caller.post(APPLICATIONS, json=two_in_one)).status_code == 403
    assert (await register(caller))["scopes"] == ["bsn.api.self.applications"]
    wide = await register(admin)
    assert (await caller.post(f"{APPLICATIONS}{wide['id']}/Secret/")).status_code == 403
    assert (await token_for(client, wide)).status_code == 200
    assert (await caller.post(f"{APPLICATIONS}{narrow['id']}/Secret/")).status_code == 200


async def test_a_narrowed_token_cannot_grant_more_than_it_has(call_as: CallAs, sign_in: SignIn) -> None:
    caller = call_as(await sign_in(scope="bsn.api.self.applications"))
    assert (await caller.post(APPLICATIONS, json={"name": "x", "scopes": ["bsn.api.main"]})).status_code == 403
    assert (await register(caller))["scopes"] == ["bsn.api.self.applications"]
    person = call_as(await sign_in(scope="bsn.api.self"))
    assert (await register(person, scopes=["bsn.api.main"]))["scopes"] == ["bsn.api.main"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x", "description": "y" * 1025}, "description"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["cert"]}, "scopes"),
        ({"name": "x", "scopes": ["bsn"]}, "scopes"),
        ({"name": "x", "scopes": "bsn.api.self"}, "scopes"),
        ({"name": "x", "scopes": ["bsn.api.main."]}, "scopes"),
        ({"name": "x", "scopes": ["bsn.api.main.\u0001"]}, "scopes"),
        ({"name": "x", "scopes": ["bsn.api.main." + "x" * 128]}, "scopes"),
        ({"name": "x", "scopes": [f"bsn.api.main.x{number}" for number in range(101)]}, "scopes"),
    ],
)
async def test_an_invalid_application_is_refused(admin: AsyncClient, body: dict[str, object], field: str) -> None:
    answer = await admin.post(APPLICATIONS, json=body)
    assert answer.status_code == 400
    assert field in answer.json()["message"]


async def test_applications_of_other_people_are_404(admin: AsyncClient, sign_in: SignIn, call_as: CallAs) -> None:
    application = await register(call_as(await sign_in("joe@example.com")))
    for ref in (application["id"], 0, "Importer", 99_999_999_999):
        address = f"{APPLICATIONS}{ref}/"
        assert (await admin.get(address)).status_code == 404
        assert (await admin.put(address, json={"name": "Mine"})).status_code == 404
        assert (await admin.delete(address)).status_code == 404
        assert (await admin.post(f"{address}Secret/")).status_code == 404


# --- introspection and revocation


async def test_a_token_is_introspected_by_its_application(
    client: AsyncClient, admin: AsyncClient, network: Tenant
) -> None:
    application = await register(admin, scopes=["bsn.api.self"])
    credentials = {"client_id": application["clientId"], "client_secret": application["clientSecret"]}
    token = (await token_for(client, application)).json()["access_token"]
    state = (await client.post(f"{OPENID}/token/introspect", data={**credentials, "token": token})).json()
    assert state.pop("exp") - state.pop("iat") == 330
    assert state == {
        "active": True,
        "scope": "bsn.api.self",
        "client_id": application["clientId"],
        "username": network.login,
        "token_type": "bearer",
        "sub": str(network.person_id),
    }


@pytest.mark.parametrize("what", ["person", "user", "network"])
async def test_tokens_of_a_locked_person_are_not_active(
    client: AsyncClient, services: Services, admin: AsyncClient, network: Tenant, what: str
) -> None:
    person = await services.people.create(login="joe@example.com", password=PASSWORD, now=0)
    user_id = await services.users.create(network_id=network.network_id, person_id=person.id, role=VIEWERS, now=0)
    made = await services.applications.create("Joe's", person.id, now=0)
    credentials = {"client_id": made.client_id, "client_secret": made.client_secret}
    form = {**credentials, "grant_type": "password", "username": f"{network.network}/{person.login}"}
    tokens = (await client.post(f"{OPENID}/token", data=form | {"password": PASSWORD})).json()
    kinds = ("access_token", "refresh_token")
    assert [await is_active(client, credentials, tokens[kind]) for kind in kinds] == [True, True]
    if what == "person":
        await services.people.set_locked(person.login, True, 1)
    elif what == "user":
        assert (await admin.put(f"/Users/{user_id}/", json={"isLockedOut": True})).status_code == 204
    else:
        await services.networks.set_locked(await services.networks.row(network.network_id), True, 1)
    assert [await is_active(client, credentials, tokens[kind]) for kind in kinds] == [False, False]


async def test_foreign_and_unknown_tokens_are_not_active(client: AsyncClient, network: Tenant, sign_in: SignIn) -> None:
    credentials = {"client_id": network.client_id, "client_secret": network.client_secret}
    for token in (await sign_in("joe@example.com"), "unknown"):
        answer = await client.post(f"{OPENID}/token/introspect", data={**credentials, "token": token})
        assert (answer.status_code, answer.json()) == (200, {"active": False})


async def test_an_application_revokes_its_own_tokens_only(
    client: AsyncClient, admin: AsyncClient, admin_token: str, network: Tenant, call_as: CallAs
) -> None:
    credentials = {"client_id": network.client_id, "client_secret": network.client_secret}
    form = {**credentials, "grant_type": "client_credentials"}
    token = (await client.post(f"{OPENID}/token", data=form)).json()["access_token"]
    for _ in range(2):
        answer = await client.post(f"{OPENID}/revoke", data={**credentials, "token": token})
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await call_as(token).get("/Self/")).status_code == 401
    refused = await client.post(f"{OPENID}/revoke", data={**credentials, "token": admin_token})
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    assert (await admin.get("/Self/")).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("path", ["token/introspect", "revoke"])
async def test_introspection_needs_an_application(client: AsyncClient, admin_token: str, path: str) -> None:
    answer = await client.post(f"{OPENID}/{path}", data={"token": admin_token, "client_id": "nobody"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
