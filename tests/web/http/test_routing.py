"""Paths: letter case, slashes, escapes."""

from __future__ import annotations

import httpx
import pytest

THINGS = "/2022/06/REST/Things"


@pytest.mark.parametrize(
    "path",
    [
        f"{THINGS}/Xy/",
        f"{THINGS}/Xy",
        "/2022/06/rest/things/Xy/",
        "/2022/06/REST/THINGS/Xy",
        f"{THINGS}/Xy?unknown=1",
        f"{THINGS}/%58y/",
        "/2022/06/REST/%54hings/Xy",
    ],
)
def test_literals_match_in_any_letter_case_with_or_without_a_final_slash(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"device": "Xy"})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_no_method_is_redirected(client: httpx.Client, method: str) -> None:
    assert client.request(method, f"{THINGS}/xy", json={"serialNumber": "1"}).status_code in (200, 204)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("ÄöÜ", "ÄöÜ"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("a%2Fb", "a/b"),
        ("a%2fB", "a/B"),
        ("%252F", "%2F"),
        ("a%3Fb", "a?b"),
        ("a%1Fb", "a\x1fb"),
        ("İ", "İ"),
    ],
)
def test_a_path_parameter_keeps_its_letter_case_and_escapes(client: httpx.Client, sent: str, value: str) -> None:
    assert client.get(f"{THINGS}/{sent}/").json() == {"device": value}
    assert client.get(f"{THINGS}/1/tokens/{sent}").json() == {"device": "1", "token": value}


@pytest.mark.parametrize("sent", ["%FF", "%00", "a%C3", "%ED%A0%80"])
def test_a_parameter_that_is_not_text_is_400(client: httpx.Client, sent: str) -> None:
    answer = client.get(f"{THINGS}/{sent}/")
    assert answer.status_code == 400
    assert "Path segment 'device'" in answer.json()["message"]


def test_a_literal_wins_over_a_parameter(client: httpx.Client) -> None:
    assert client.get(f"{THINGS}/alternatives/").json() is None


def test_a_parameter_may_have_the_name_of_a_literal(client: httpx.Client) -> None:
    expected = {"device": "Alternatives", "token": "x"}
    assert client.get(f"{THINGS}/Alternatives/Tokens/x/").json() == expected


@pytest.mark.parametrize(
    ("sent", "value"), [("US", "US"), ("US/CA/Los%20Gatos/", "US/CA/Los Gatos"), ("us/Ca", "us/Ca")]
)
def test_a_parameter_may_take_the_rest_of_the_path(client: httpx.Client, sent: str, value: str) -> None:
    assert client.get(f"{THINGS}/regions/{sent}").json() == value


@pytest.mark.parametrize(
    "path",
    ["/", "/2022/06/REST/", "/2022/06/REST/Things/1/2/3/", "/nowhere", "/%FF", "//", "/..;/", f"{THINGS}//Tokens/x/"],
)
def test_an_unknown_path_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found", "message": "There is nothing at this address.", "details": ""}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/2019/03/REST/alias", 200),
        ("/1/2/rest/ALIAS/", 200),
        ("/2019/March/REST/alias", 404),
        ("/2019/REST/alias", 404),
        ("/\u0662/03/REST/alias", 404),
        ("//03/REST/alias", 404),
    ],
)
def test_a_number_in_a_path_may_be_any(anyone: httpx.Client, path: str, status: int) -> None:
    assert anyone.get(path).status_code == status


def test_an_alias_is_the_same_endpoint(anyone: httpx.Client) -> None:
    assert anyone.get("/Open/Alias/").json() == anyone.get("/open/parameters").json()
