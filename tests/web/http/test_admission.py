"""Who is let in: token, scope, network, operation, in this order."""

from __future__ import annotations

import httpx
import pytest

THING = "/2022/06/REST/Things/1/"


def get(client: httpx.Client, path: str, token: str) -> httpx.Response:
    return client.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dXNlcjp1c2Vy", "user", "Digest x=y"])
def test_without_a_token_the_challenge_has_no_error(anyone: httpx.Client, header: str | None) -> None:
    """RFC 6750, section 3.1."""
    answer = anyone.get(THING, headers=[] if header is None else [("Authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="signfleet"'
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize("header", ["Bearer unknown", "bearer unknown", "Bearer ü"])
def test_a_bad_token_is_the_error_of_the_challenge(anyone: httpx.Client, header: str) -> None:
    answer = anyone.get(THING, headers=[("Authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="signfleet", error="invalid_token"'
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_letter_case(anyone: httpx.Client, scheme: str) -> None:
    assert anyone.get(THING, headers={"Authorization": f"{scheme} user"}).status_code == 200


def test_without_the_scope_it_is_403(anyone: httpx.Client) -> None:
    answer = anyone.put(THING, headers={"Authorization": "Bearer reader"}, json={})
    assert answer.status_code == 403
    assert answer.json()["message"] == "The access token lacks the scope 'things.write'."


def test_one_of_several_scopes_is_enough(anyone: httpx.Client) -> None:
    path = "/2022/06/REST/Things/Alternatives/"
    assert get(anyone, path, "second").status_code == 200
    assert get(anyone, path, "reader").status_code == 403


def test_without_a_chosen_network_it_is_403(anyone: httpx.Client) -> None:
    answer = get(anyone, THING, "person")
    assert answer.status_code == 403
    assert "No network is chosen, and this access token cannot choose one" in answer.json()["message"]
    answer = get(anyone, THING, "chooser")
    assert answer.status_code == 403
    assert "choose one with PUT" in answer.json()["message"]


def test_without_the_operation_it_is_403(anyone: httpx.Client) -> None:
    assert get(anyone, THING, "reader").json()["message"] == "Your role does not allow it."


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/open/person", "person", 200),
        ("/open/person", "device", 403),
        ("/open/device", "device", 200),
        ("/open/device", "user", 403),
    ],
)
def test_some_endpoints_are_for_people_some_for_players(
    anyone: httpx.Client, path: str, token: str, status: int
) -> None:
    assert get(anyone, path, token).status_code == status


def test_the_token_is_checked_before_the_request(anyone: httpx.Client) -> None:
    answer = anyone.put(THING, headers={"Accept": "text/html", "Content-Type": "text/html"}, content=b"{")
    assert answer.status_code == 401


def test_public_endpoints_ignore_any_token(anyone: httpx.Client) -> None:
    assert get(anyone, "/open/parameters", "unknown").status_code == 200
