"""The token endpoints, as OAuth clients use them."""

from __future__ import annotations

from base64 import b64encode
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from httpx import ASGITransport, AsyncClient, BasicAuth, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, make_app
from tests.conftest import BASE, ON_SQLITE, ROOT, CallAs

TOKEN = f"{ROOT}/realms/bsncloud/protocol/openid-connect/token"
LEGACY = "/Token"
OLDER_VERSIONS = (f"{ROOT}/2019/03/REST/token", f"{ROOT}/2020/10/REST/Token/", f"{ROOT}/2022/02/rest/Token")
USER_SCOPE = "bsn.api.main bsn.api.self bsn.api.upload"


def client_credentials(network: Tenant) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": network.client_id,
        "client_secret": network.client_secret,
    }


def password_form(network: Tenant, *, username: str = "", password: str = "") -> dict[str, str]:
    return {
        "grant_type": "password",
        "client_id": "Some program",
        "client_secret": "whatever",
        "username": username or f"{network.network}/{network.login}",
        "password": password or network.password,
    }


def refresh_form(answer: Response, **fields: str) -> dict[str, str]:
    refresh_token = answer.json()["refresh_token"]
    return {"grant_type": "refresh_token", "client_id": "Some program", "refresh_token": refresh_token, **fields}


def error(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# --- client credentials


@pytest.mark.parametrize("how", ["form", "basic"])
async def test_an_application_gets_a_token_for_its_id_and_secret(
    client: AsyncClient, network: Tenant, how: str
) -> None:
    if how == "form":
        answer = await client.post(TOKEN, data=client_credentials(network))
    else:
        credentials = BasicAuth(network.client_id, network.client_secret)
        answer = await client.post(TOKEN, data={"grant_type": "client_credentials"}, auth=credentials)
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"access_token", "expires_in", "token_type", "scope"}
    assert (body["expires_in"], body["token_type"], body["scope"]) == (330, "bearer", USER_SCOPE)


async def test_a_token_answer_is_compact_uncompressed_and_not_cached(client: AsyncClient, network: Tenant) -> None:
    answer = await client.post(TOKEN, data=client_credentials(network), headers={"Accept-Encoding": "gzip"})
    assert b'"access_token":"' in answer.content
    assert "content-encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_application_acts_for_its_person_and_chooses_a_network(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    answer = await client.post(TOKEN, data=client_credentials(network))
    application = call_as(answer.json()["access_token"])
    assert (await application.get("/Self/")).json()["login"] == network.login
    assert [found["name"] for found in (await application.get("/Self/Networks/")).json()] == [network.network]
    assert (await application.get("/Devices/")).status_code == 403
    await application.put("/Self/Session/Network/", json={"name": network.network})
    assert (await application.get("/Devices/")).status_code == 200


async def test_an_application_may_ask_for_less_than_it_was_granted(client: AsyncClient, network: Tenant) -> None:
    form = {**client_credentials(network), "scope": "openid bsn.api.main.devices.retrieve BSN.api.self"}
    assert (await client.post(TOKEN, data=form)).json()["scope"] == "bsn.api.main.devices.retrieve BSN.api.self"
    none = {**client_credentials(network), "scope": "openid nonsense"}
    assert error(await client.post(TOKEN, data=none)) == (400, "invalid_scope")


@ON_SQLITE
@pytest.mark.parametrize("wrong", [{"client_secret": "guess"}, {"client_id": "nobody"}, {"client_secret": ""}])
async def test_a_wrong_id_or_secret_is_an_invalid_client(
    client: AsyncClient, network: Tenant, wrong: dict[str, str]
) -> None:
    answer = await client.post(TOKEN, data={**client_credentials(network), **wrong})
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.json().keys() == {"error", "error_description"}


@ON_SQLITE
@pytest.mark.parametrize("path", [TOKEN, LEGACY])
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("", "invalid_request"),
        ("grant_type=password", "invalid_request"),
        ("grant_type=password&grant_type=password&client_id=x", "invalid_request"),
        ("grant_type=password&client_id=%00", "invalid_request"),
        ("grant_type=%ff&client_id=x", "invalid_request"),
        ("&".join(f"f{number}=1" for number in range(200)), "invalid_request"),
    ],
)
async def test_a_malformed_form_is_an_invalid_request(client: AsyncClient, path: str, form: str, code: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(path, content=form, headers=headers)
    assert error(answer) in {(400, code), (401, "invalid_client")}


@pytest.mark.parametrize("path", [TOKEN, LEGACY])
@pytest.mark.parametrize(
    "credentials",
    [b"%%%", b"\xe9", b64encode(b"no colon"), b64encode(b"\xff:x"), b64encode(b"%00:x"), b64encode(b"x:%00")],
)
async def test_a_malformed_authorization_header_is_an_invalid_request(
    client: AsyncClient, path: str, credentials: bytes
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = await client.post(path, data=form, headers={b"Authorization": b"Basic " + credentials})
    assert error(answer) == (400, "invalid_request")


@ON_SQLITE
@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, 200),
        ({"client_id": "somebody else"}, 400),
        ({"client_secret": "another"}, 400),
    ],
)
async def test_header_and_form_may_not_name_different_credentials(
    client: AsyncClient, network: Tenant, other: dict[str, str], expected: int
) -> None:
    form = client_credentials(network) | other
    answer = await client.post(TOKEN, data=form, auth=BasicAuth(network.client_id, network.client_secret))
    assert answer.status_code == expected
    assert expected == 200 or error(answer) == (400, "invalid_request")


@ON_SQLITE
@pytest.mark.parametrize("scope", ["openid", "openid profile email", "openid bsn.api.self", " offline_access "])
async def test_scopes_of_openid_connect_are_ignored(client: AsyncClient, network: Tenant, scope: str) -> None:
    answer = await client.post(TOKEN, data=client_credentials(network) | {"scope": scope})
    assert answer.status_code == 200
    assert "openid" not in answer.json()["scope"]
    assert answer.json()["scope"].startswith("bsn.api.")


@ON_SQLITE
@pytest.mark.parametrize("charset", ["ISO-8859-1", "windows-1252", "UTF-8", "us-ascii"])
async def test_a_form_may_name_another_charset(client: AsyncClient, network: Tenant, charset: str) -> None:
    form = "&".join(f"{name}={quote(value)}" for name, value in client_credentials(network).items())
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    assert (await client.post(TOKEN, content=form, headers=headers)).status_code == 200


@ON_SQLITE
async def test_libraries_find_the_token_endpoints(client: AsyncClient, network: Tenant) -> None:
    realm = f"{ROOT}/realms/bsncloud"
    answer = await client.get(f"{realm}/.well-known/openid-configuration")
    found = answer.json()
    assert (answer.status_code, found["issuer"]) == (200, realm)
    assert (await client.post(found["token_endpoint"], data=client_credentials(network))).status_code == 200
    for name in ("introspection_endpoint", "revocation_endpoint"):
        answer = await client.post(found[name], data=client_credentials(network) | {"token": "unknown"})
        assert answer.status_code == 200
    for grant in found["grant_types_supported"]:
        answer = await client.post(TOKEN, data=client_credentials(network) | {"grant_type": grant})
        assert answer.json().get("error") != "unsupported_grant_type"


@ON_SQLITE
async def test_too_many_scopes_are_refused(client: AsyncClient, network: Tenant) -> None:
    scope = " ".join(f"bsn.api.main.x{number}" for number in range(101))
    answer = await client.post(TOKEN, data=client_credentials(network) | {"scope": scope})
    assert error(answer) == (400, "invalid_scope")


@ON_SQLITE
async def test_an_unknown_grant_is_named(client: AsyncClient, network: Tenant) -> None:
    form = {**client_credentials(network), "grant_type": "implicit"}
    assert error(await client.post(TOKEN, data=form)) == (400, "unsupported_grant_type")


@ON_SQLITE
@pytest.mark.parametrize("path", [TOKEN, LEGACY, f"{TOKEN}/introspect", f"{ROOT}/player/v1/token"])
@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Accept": "text/html"}, b"", 406),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"x" * 70_000, 413),
    ],
)
async def test_every_failure_has_the_form_of_oauth(
    client: AsyncClient, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = await client.post(path, content=content, headers=headers)
    assert error(answer) == (status, "invalid_request")
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"


# --- passwords, the older way


async def test_a_user_token_names_the_user_and_works_at_once(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    answer = await client.post(LEGACY, data=password_form(network))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["scope"], body["expires_in"]) == ("bearer", USER_SCOPE, 900)
    assert body["user"]["id"] == network.user_id
    assert body["user"]["status"] == "Enabled"
    assert body["user"]["role"] == {"id": 1, "name": "Administrators"}
    assert body["user"]["network"]["name"] == network.network
    assert body["user"]["network"]["status"] == "Active"
    assert body["user"]["network"]["subscription"].keys() == {"level", "startDate", "endDate"}
    assert "person" not in body
    lifetime = parsedate_to_datetime(body[".expires"]) - parsedate_to_datetime(body[".issued"])
    assert lifetime.total_seconds() == 900
    assert (await call_as(body["access_token"]).get("/Devices/")).status_code == 200


async def test_a_person_token_names_the_person_and_works_below_self_only(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    body = (await client.post(LEGACY, data=password_form(network, username=network.login))).json()
    assert body["scope"] == "bsn.api.self"
    person = body["person"]
    assert {name: person[name] for name in ("id", "login", "firstName", "lastName")} == {
        "id": network.person_id,
        "login": network.login,
        "firstName": "Jane",
        "lastName": "Doe",
    }
    assert [user["network"]["id"] for user in person["users"]] == [network.network_id]
    assert "user" not in body
    caller = call_as(body["access_token"])
    await caller.put("/Self/Session/Network/", json={"id": network.network_id})
    assert (await caller.get("/Devices/")).status_code == 403


@ON_SQLITE
@pytest.mark.parametrize("path", ["/token", "/TOKEN/", "/Token/", *OLDER_VERSIONS])
async def test_the_older_address_is_found_in_any_letter_case_and_version(
    client: AsyncClient, call_as: CallAs, network: Tenant, path: str
) -> None:
    answer = await client.post(path, data=password_form(network))
    assert answer.status_code == 200
    assert (await call_as(answer.json()["access_token"]).get("/Devices/")).status_code == 200
    assert (await client.get(path)).status_code == 400


@ON_SQLITE
async def test_the_older_address_answers_400_to_get(client: AsyncClient) -> None:
    assert (await client.get(LEGACY)).status_code == 400


@ON_SQLITE
@pytest.mark.settings(legacy_token_endpoint=False)
async def test_the_older_address_can_be_switched_off(client: AsyncClient, network: Tenant) -> None:
    answer = await client.post(LEGACY, data=password_form(network))
    assert answer.status_code == 404
    assert "legacy_token_endpoint" in answer.json()["error_description"]


async def test_the_new_address_accepts_passwords_from_registered_applications_only(
    client: AsyncClient, network: Tenant
) -> None:
    form = password_form(network)
    assert error(await client.post(TOKEN, data=form)) == (401, "invalid_client")
    form |= {"client_id": network.client_id, "client_secret": network.client_secret}
    assert (await client.post(TOKEN, data=form)).json().keys() >= {"access_token", "refresh_token"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("username", "password"),
    [("nobody@example.com", ""), ("", "wrong"), ("Elsewhere/JaneDoe@example.com", ""), ("/", "x"), ("a/b/c", "x")],
)
async def test_a_wrong_login_password_or_network_is_an_invalid_grant(
    client: AsyncClient, network: Tenant, username: str, password: str
) -> None:
    answer = await client.post(LEGACY, data=password_form(network, username=username, password=password))
    assert error(answer) == (400, "invalid_grant")


async def test_a_password_replaced_during_the_check_is_refused(
    client: AsyncClient, services: Services, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = services.passwords.verify

    async def verify_and_replace(hashed: str | None, password: str) -> bool:
        matches = await verify(hashed, password)
        await services.people.set_password(network.login, "N3w-passw0rd!", 1)
        return matches

    monkeypatch.setattr(services.passwords, "verify", verify_and_replace)
    answer = await client.post(LEGACY, data=password_form(network))
    assert error(answer) == (400, "invalid_grant")


async def test_logins_are_compared_without_case(client: AsyncClient, network: Tenant) -> None:
    form = password_form(network, username=f"test NETWORK/{network.login.upper()}")
    assert (await client.post(LEGACY, data=form)).status_code == 200


def at(services: Services, address: str) -> AsyncClient:
    """Returns a client with an address."""
    app: Any = make_app(services)
    return AsyncClient(transport=ASGITransport(app, client=(address, 123)), base_url=BASE)


async def test_guessing_a_password_is_throttled(client: AsyncClient, network: Tenant) -> None:
    wrong, right = password_form(network, password="wrong"), password_form(network)
    for _ in range(10):
        assert error(await client.post(LEGACY, data=wrong)) == (400, "invalid_grant")
    with time_machine.travel("2099-01-01", tick=False):  # a step of the clock changes nothing
        refused = await client.post(LEGACY, data=right)
    assert error(refused) == (429, "too_many_requests")
    assert 50 <= int(refused.headers["Retry-After"]) <= 60


@ON_SQLITE
async def test_guesses_of_a_stranger_do_not_lock_out_the_owner(services: Services, network: Tenant) -> None:
    async with at(services, "192.0.2.1") as stranger, at(services, "198.51.100.1") as owner:
        for _ in range(20):
            await stranger.post(LEGACY, data=password_form(network, password="wrong"))
        assert error(await stranger.post(LEGACY, data=password_form(network))) == (429, "too_many_requests")
        assert (await owner.post(LEGACY, data=password_form(network))).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("addresses", ["2001:db8::{:x}", "2001:db8:0:0:{:x}::", "::ffff:192.0.2.1"])
async def test_more_addresses_of_a_subscriber_give_no_more_guesses(
    services: Services, network: Tenant, addresses: str
) -> None:
    answers = []
    for number in range(12):
        async with at(services, addresses.format(number)) as stranger:
            answers.append(await stranger.post(LEGACY, data=password_form(network, password="wrong")))
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2


@ON_SQLITE
async def test_guessing_networks_is_throttled_for_passwords_and_refresh_tokens(
    client: AsyncClient, network: Tenant
) -> None:
    first = await client.post(LEGACY, data=password_form(network, username=network.login))
    elsewhere = f"Elsewhere/{network.login}"
    for _ in range(5):
        assert error(await client.post(LEGACY, data=password_form(network, username=elsewhere))) == (
            400,
            "invalid_grant",
        )
        assert error(await client.post(LEGACY, data=refresh_form(first, username=elsewhere))) == (400, "invalid_grant")
    assert (await client.post(LEGACY, data=password_form(network, username=elsewhere))).status_code == 429
    assert (await client.post(LEGACY, data=refresh_form(first, username=elsewhere))).status_code == 429
    assert (await client.post(LEGACY, data=refresh_form(first))).status_code == 200


async def test_correct_passwords_are_never_throttled(client: AsyncClient, network: Tenant) -> None:
    for _ in range(12):
        assert (await client.post(LEGACY, data=password_form(network))).status_code == 200


# --- refresh tokens


async def test_a_refresh_token_gives_new_tokens_and_ends_the_old_access_token(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    first = await client.post(LEGACY, data=password_form(network))
    second = await client.post(LEGACY, data=refresh_form(first))
    assert second.status_code == 200
    assert second.json()["user"]["network"]["id"] == network.network_id
    assert (await call_as(first.json()["access_token"]).get("/Self/")).status_code == 401
    assert (await call_as(second.json()["access_token"]).get("/Devices/")).status_code == 200


async def test_a_refresh_token_used_twice_revokes_the_whole_session(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    first = await client.post(LEGACY, data=password_form(network))
    second = await client.post(LEGACY, data=refresh_form(first))
    assert error(await client.post(LEGACY, data=refresh_form(first))) == (400, "invalid_grant")
    assert (await call_as(second.json()["access_token"]).get("/Self/")).status_code == 401
    assert error(await client.post(LEGACY, data=refresh_form(second))) == (400, "invalid_grant")


async def test_an_expired_refresh_token_is_an_error_without_a_description(client: AsyncClient, network: Tenant) -> None:
    first = await client.post(LEGACY, data=password_form(network))
    with time_machine.travel("2099-01-01", tick=False):
        answer = await client.post(LEGACY, data=refresh_form(first))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("chosen_before", [False, True])
async def test_a_person_token_can_be_refreshed_into_a_network(
    client: AsyncClient, call_as: CallAs, network: Tenant, chosen_before: bool
) -> None:
    first = await client.post(LEGACY, data=password_form(network, username=network.login))
    if chosen_before:
        person = call_as(first.json()["access_token"])
        assert (await person.put("/Self/Session/Network/", json={"name": network.network})).status_code == 204
    second = await client.post(LEGACY, data=refresh_form(first, username=f"{network.network}/{network.login}"))
    assert second.json()["user"]["network"]["name"] == network.network
    assert (await call_as(second.json()["access_token"]).get("/Devices/")).status_code == 200


async def test_a_refresh_token_belongs_to_the_application_it_was_issued_to(
    client: AsyncClient, network: Tenant
) -> None:
    first = await client.post(LEGACY, data=password_form(network))
    registered = {"client_id": network.client_id, "client_secret": network.client_secret}
    assert error(await client.post(TOKEN, data=refresh_form(first, **registered))) == (400, "invalid_grant")
    assert (await client.post(LEGACY, data=refresh_form(first))).status_code == 200


async def test_an_access_token_expires_when_announced(client: AsyncClient, call_as: CallAs, network: Tenant) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        answer = await client.post(TOKEN, data=client_credentials(network))
        caller = call_as(answer.json()["access_token"])
        clock.shift(329)
        assert (await caller.get("/Self/")).status_code == 200
        clock.shift(1)
        expired = await caller.get("/Self/")
        assert expired.status_code == 401
        assert expired.headers["WWW-Authenticate"].startswith("Bearer ")
