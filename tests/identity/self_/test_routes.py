"""/Self: the person behind the token."""

from __future__ import annotations

import asyncio

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from tests.conftest import ON_SQLITE, CallAs, SignIn
from tests.examples import alike, example, moment
from tests.interleaving import reading_before_writing


async def sign_in_by_password(client: AsyncClient, network: Tenant, password: str) -> int:
    form = {"grant_type": "password", "client_id": "tests", "username": network.login, "password": password}
    return (await client.post("/Token", data=form)).status_code


@pytest.mark.contract("GET /Self/")
async def test_the_person_is_returned_without_password(admin: AsyncClient, network: Tenant) -> None:
    answer = await admin.get("/Self/")
    assert answer.status_code == 200
    assert alike(answer.json(), example("002-01-get-self-answer"))
    assert (answer.json()["login"], answer.json()["password"]) == (network.login, None)


async def test_an_unchanged_person_is_not_sent_again(admin: AsyncClient) -> None:
    first = await admin.get("/Self/")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert (await admin.get("/Self/", headers=since)).status_code == 304
    assert (await admin.get("/Self/", headers={"If-None-Match": first.headers["ETag"]})).status_code == 304


@pytest.mark.contract("PUT /Self/")
async def test_names_can_be_changed_and_nothing_else(admin: AsyncClient, network: Tenant) -> None:
    before = (await admin.get("/Self/")).json()
    body = example("002-03-put-self-request") | {"firstName": "Joan"}
    answer = await admin.put("/Self/", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    after = (await admin.get("/Self/")).json()
    assert after["firstName"] == "Joan"
    assert moment(after["lastModifiedDate"]) > moment(before["lastModifiedDate"])
    unchanged = ("id", "login", "lastName", "creationDate", "activationDate")
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert after["login"] == network.login


async def test_members_missing_from_a_body_are_unchanged(admin: AsyncClient) -> None:
    assert (await admin.put("/Self/", json={"lastName": None})).status_code == 204
    person = (await admin.get("/Self/")).json()
    assert (person["firstName"], person["lastName"]) == ("Jane", None)


async def test_a_new_password_ends_all_other_sessions(
    client: AsyncClient, admin: AsyncClient, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    other = call_as(await sign_in())
    assert (await admin.put("/Self/", json={"password": "N3w-passw0rd!"})).status_code == 204
    assert (await admin.get("/Self/")).status_code == 200
    assert (await other.get("/Self/")).status_code == 401
    assert await sign_in_by_password(client, network, network.password) == 400
    assert await sign_in_by_password(client, network, "N3w-passw0rd!") == 200


@ON_SQLITE
@pytest.mark.parametrize(
    "password", ["", "Sh0rt!a", "alllower1!", "ALLUPPER1!", "NoDigits!!", "NoSymbol11", "Tab\t1aA!aaaa", "aA1!" * 65]
)
async def test_a_weak_password_is_refused(
    client: AsyncClient, admin: AsyncClient, network: Tenant, password: str
) -> None:
    answer = await admin.put("/Self/", json={"password": password, "firstName": "Joan"})
    assert answer.status_code == 400
    assert "'password'" in answer.json()["message"]
    assert (await admin.get("/Self/")).json()["firstName"] == "Jane"


async def test_a_narrowed_token_cannot_change_the_password(call_as: CallAs, sign_in: SignIn, network: Tenant) -> None:
    caller = call_as(await sign_in(scope="bsn.api.self.info"))
    assert (await caller.put("/Self/", json={"firstName": "Janet"})).status_code == 204
    refused = await caller.put("/Self/", json={"password": "N3w-passw0rd!"})
    assert refused.status_code == 403
    assert "cannot change the password" in refused.json()["message"]
    assert (await caller.put("/Self/", json={"password": None})).status_code == 204


async def test_a_conditional_change_of_a_changed_person_is_refused(admin: AsyncClient) -> None:
    first = await admin.get("/Self/")
    old = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert (await admin.put("/Self/", json={"firstName": "Joan"}, headers=old)).status_code == 412
    seen = {"If-Match": first.headers["ETag"]}
    assert (await admin.put("/Self/", json={"firstName": "Joan"}, headers=seen)).status_code == 204
    assert (await admin.put("/Self/", json={"firstName": "Jill"}, headers=seen)).status_code == 412
    assert (await admin.get("/Self/")).json()["firstName"] == "Joan"


async def test_of_two_conditional_changes_of_a_person_one_succeeds(admin: AsyncClient) -> None:
    seen = {"If-Match": (await admin.get("/Self/")).headers["ETag"]}
    with reading_before_writing():
        answers = await asyncio.gather(
            *(admin.put("/Self/", json={"firstName": name}, headers=seen) for name in ("Joan", "June"))
        )
    assert sorted(answer.status_code for answer in answers) == [204, 412]


async def test_a_new_name_does_not_overwrite_a_concurrent_password(
    client: AsyncClient, admin: AsyncClient, network: Tenant
) -> None:
    with reading_before_writing():
        await asyncio.gather(
            admin.put("/Self/", json={"password": "N3w-passw0rd!"}), admin.put("/Self/", json={"firstName": "Joan"})
        )
    assert await sign_in_by_password(client, network, "N3w-passw0rd!") == 200
    assert await sign_in_by_password(client, network, network.password) == 400
    assert (await admin.get("/Self/")).json()["firstName"] == "Joan"


async def test_only_people_have_a_self(client: AsyncClient, sign_in: SignIn, call_as: CallAs) -> None:
    assert (await client.get("/Self/")).status_code == 401
    assert (await call_as(await sign_in(scope="bsn.api.main")).get("/Self/")).status_code == 403
