"""Profiles, of the person and of a user: the same but for a few statuses."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from tests.conftest import ON_SQLITE
from tests.examples import example
from tests.interleaving import reading_before_writing

PERSON = "/Self/Profile/"


@pytest.fixture(params=["person", "user"])
def profile(request: pytest.FixtureRequest, network: Tenant) -> str:
    """Returns the path of each of the two profiles of the administrator."""
    return PERSON if request.param == "person" else f"/Self/Users/{network.user_id}/Profile/"


@pytest.mark.contract("GET /Self/Profile/")
async def test_a_person_has_token_lifetimes_from_the_start(admin: AsyncClient) -> None:
    assert (await admin.get(PERSON)).json() == example("002-05-get-self-profile-answer")
    value = await admin.get(f"{PERSON}PersonAccessTokenLifetime/")
    assert value.json() == example("002-07-get-self-profile-key-answer")


@pytest.mark.contract("GET /Self/Users/{user}/Profile/")
async def test_a_new_user_has_an_empty_profile(admin: AsyncClient, network: Tenant) -> None:
    assert (await admin.get(f"/Self/Users/{network.user_id}/Profile/")).json() == {}


@pytest.mark.contract("POST /Self/Profile/")
@pytest.mark.contract("GET /Self/Profile/{key}/")
@pytest.mark.contract("POST /Self/Users/{user}/Profile/")
@pytest.mark.contract("GET /Self/Users/{user}/Profile/{key}/")
@pytest.mark.parametrize("name", ["002-06-post-self-profile", "002-32-post-self-users-id-int-profile"])
async def test_a_value_is_added_and_found_again_in_any_letter_case(admin: AsyncClient, profile: str, name: str) -> None:
    pair = example(f"{name}-request")
    answer = await admin.post(profile, json=pair)
    assert (answer.status_code, answer.json()) == (201, example(f"{name}-answer-2"))
    assert (await admin.get(answer.headers["Location"])).json() == pair["value"]
    assert (await admin.get(f"{profile}{quote(pair['key'].upper())}")).json() == pair["value"]
    assert (await admin.get(profile)).json()[pair["key"]] == pair["value"]


@pytest.mark.contract("PUT /Self/Profile/{key}/")
@pytest.mark.contract("PUT /Self/Users/{user}/Profile/{key}/")
async def test_a_put_creates_or_replaces_a_value(admin: AsyncClient, profile: str) -> None:
    assert (await admin.put(f"{profile}StartupPage/", json="Admin")).status_code == 201
    answer = await admin.put(f"{profile}startuppage", json="Start")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await admin.get(f"{profile}StartupPage/")).json() == "Start"


@pytest.mark.contract("DELETE /Self/Profile/{key}/")
@pytest.mark.contract("DELETE /Self/Users/{user}/Profile/{key}/")
async def test_a_removed_value_is_gone(admin: AsyncClient, profile: str) -> None:
    await admin.put(f"{profile}Mine/", json="1")
    assert (await admin.delete(f"{profile}MINE/")).status_code == 204
    assert (await admin.get(f"{profile}Mine/")).status_code == 404
    assert (await admin.delete(f"{profile}Mine/")).status_code == 404


async def test_a_key_is_added_once(admin: AsyncClient, profile: str) -> None:
    pair = {"key": "Straße", "value": "1"}
    assert (await admin.post(profile, json=pair)).status_code == 201
    assert (await admin.post(profile, json=pair | {"key": "STRASSE"})).status_code == 409


async def test_keys_can_contain_any_printable_character(admin: AsyncClient, profile: str) -> None:
    key = "a/b c?d#e%f+g"
    answer = await admin.post(profile, json={"key": key, "value": "1"})
    assert answer.status_code == 201
    assert (await admin.get(answer.headers["Location"])).json() == "1"
    assert key in (await admin.get(profile)).json()


@ON_SQLITE
@pytest.mark.parametrize("key", ["", "k" * 63, "line\nbreak", "nul\x00"])
async def test_a_key_that_is_too_long_or_cannot_be_printed_is_refused(
    admin: AsyncClient, profile: str, key: str
) -> None:
    answer = await admin.post(profile, json={"key": key, "value": "1"})
    assert answer.status_code == 400
    if key and "\x00" not in key:
        assert (await admin.put(f"{profile}{quote(key)}/", json="1")).status_code == 400


async def test_a_key_of_62_characters_and_a_value_of_64_kb_fit(admin: AsyncClient, profile: str) -> None:
    pair = {"key": "k" * 62, "value": "v" * 65_536}
    assert (await admin.post(profile, json=pair)).status_code == 201
    assert (await admin.post(profile, json={"key": "l", "value": pair["value"] + "v"})).status_code == 413
    assert (await admin.put(f"{profile}{pair['key']}/", json=pair["value"] + "v")).status_code == 413
    assert (await admin.put(f"{profile}l/", json="é" * 32_769)).status_code == 413


@ON_SQLITE
@pytest.mark.parametrize("key", [".", ".."])
async def test_a_key_that_no_address_can_name_is_refused(admin: AsyncClient, profile: str, key: str) -> None:
    answer = await admin.post(profile, json={"key": key, "value": "1"})
    assert answer.status_code == 400
    assert "'key'" in answer.json()["message"]


@ON_SQLITE
async def test_a_profile_has_at_most_100_values(admin: AsyncClient, network: Tenant) -> None:
    profile = f"/Self/Users/{network.user_id}/Profile/"
    for number in range(100):
        assert (await admin.put(f"{profile}key{number}/", json="1")).status_code == 201
    assert (await admin.put(f"{profile}one-more/", json="1")).status_code == 400
    assert (await admin.post(profile, json={"key": "one-more", "value": "1"})).status_code == 400
    assert (await admin.put(f"{profile}key7/", json="2")).status_code == 204


async def test_the_lifetimes_cannot_be_added_or_removed(admin: AsyncClient) -> None:
    pair = {"key": "personaccesstokenlifetime", "value": "00:15:00"}
    assert (await admin.post(PERSON, json=pair)).status_code == 400
    assert (await admin.delete(f"{PERSON}PersonRefreshTokenLifetime/")).status_code == 400


@ON_SQLITE
@pytest.mark.parametrize("value", ["soon", "", "25:00:00", "00:00:00", "-00:15:00", "99999.00:00:00"])
async def test_a_lifetime_is_a_time_span_within_limits(admin: AsyncClient, value: str) -> None:
    answer = await admin.put(f"{PERSON}personAccessTokenLifetime/", json=value)
    assert answer.status_code == 400
    assert "personAccessTokenLifetime" in answer.json()["message"]


async def test_the_next_token_has_the_new_lifetime(client: AsyncClient, admin: AsyncClient, network: Tenant) -> None:
    lifetime = example("002-08-put-self-profile-key-request")
    assert (await admin.put(f"{PERSON}personAccessTokenLifetime/", json=lifetime)).status_code == 204
    form = {"grant_type": "password", "client_id": "x", "username": network.login, "password": network.password}
    assert (await client.post("/Token", data=form)).json()["expires_in"] == 24 * 3600


async def test_a_conditional_change_of_a_changed_value_is_refused(admin: AsyncClient, profile: str) -> None:
    address = f"{profile}Mine/"
    await admin.put(address, json="1")
    seen = await admin.get(address)
    assert (await admin.get(address, headers={"If-Modified-Since": seen.headers["Last-Modified"]})).status_code == 304
    old = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert (await admin.put(address, json="2", headers=old)).status_code == 412
    assert (await admin.delete(address, headers=old)).status_code == 412
    match = {"If-Match": seen.headers["ETag"]}
    assert (await admin.put(address, json="2", headers=match)).status_code == 204
    assert (await admin.put(address, json="3", headers=match)).status_code == 412
    assert (await admin.put(f"{profile}Other/", json="1", headers={"If-Match": "*"})).status_code == 412


@ON_SQLITE
@pytest.mark.parametrize("body", [1, None, ["a"], {"value": "1"}])
async def test_a_value_is_a_json_string(admin: AsyncClient, profile: str, body: object) -> None:
    assert (await admin.put(f"{profile}Mine/", json=body)).status_code == 400


@ON_SQLITE
@pytest.mark.parametrize("user", ["0", "4711", "me", "99999999999"])
async def test_profiles_of_other_users_are_404(admin: AsyncClient, user: str) -> None:
    assert (await admin.get(f"/Self/Users/{user}/Profile/")).status_code == 404
    assert (await admin.put(f"/Self/Users/{user}/Profile/a/", json="1")).status_code == 404


async def test_of_two_conditional_changes_of_a_value_one_succeeds(admin: AsyncClient, profile: str) -> None:
    await admin.put(f"{profile}color/", json="red")
    seen = {"If-Match": (await admin.get(f"{profile}color/")).headers["etag"]}
    with reading_before_writing():
        answers = await asyncio.gather(
            *(admin.put(f"{profile}color/", json=value, headers=seen) for value in ("green", "blue"))
        )
    assert sorted(answer.status_code for answer in answers) == [204, 412]


async def test_of_several_concurrent_additions_of_a_value_one_succeeds(admin: AsyncClient, profile: str) -> None:
    with reading_before_writing(4):
        answers = await asyncio.gather(
            *(admin.post(profile, json={"key": "color", "value": "red"}) for _ in range(2)),
            *(admin.put(f"{profile}COLOR/", json="blue") for _ in range(2)),
        )
    assert sorted(answer.status_code for answer in answers) in ([201, 204, 204, 409], [201, 204, 409, 409])


async def test_a_full_profile_refuses_concurrent_additions(admin: AsyncClient, profile: str) -> None:
    for number in range(99 - len((await admin.get(profile)).json())):
        await admin.put(f"{profile}value{number}/", json="")
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.put(f"{profile}{name}/", json="") for name in ("left", "right")))
    assert sorted(answer.status_code for answer in answers) == [201, 400]
