"""What reverse proxies say of a request, whose word counts, and what links begin with."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.web.http.authority import is_authority, origin_of, plain_address
from signfleet.web.http.proxies import TrustedProxies
from tests.web.http.app import served
from tests.web.http.wire import ask

FORWARDED = {
    "X-Forwarded-For": "198.51.100.9, 203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "signs.example.com",
}


@pytest.mark.parametrize(
    "trusted", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1/8", "::ffff:127.0.0.1", "10.0.0.0/8,127.0.0.1", "*"]
)
def test_a_trusted_proxy_sets_the_caller_and_the_address_of_the_server(trusted: str) -> None:
    with served(trusted_proxies=trusted) as address:
        answer = httpx.get(f"{address}/open/caller", headers=FORWARDED)
    client = "198.51.100.9" if trusted == "*" else "203.0.113.7"
    url = "https://signs.example.com"
    assert answer.json() == {"address": client, "base": url, "proven": url}
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("trusted", ["", "192.0.2.1", "192.0.2.0/24, ::1"])
def test_forwarded_headers_of_other_clients_are_ignored(trusted: str) -> None:
    with served(trusted_proxies=trusted) as address:
        answer = httpx.get(f"{address}/open/caller", headers=FORWARDED)
    assert answer.json() == {"address": "127.0.0.1", "base": address, "proven": None}
    assert "Strict-Transport-Security" not in answer.headers


def test_the_setting_overrides_forwarded_headers() -> None:
    with served(trusted_proxies="127.0.0.1", public_url="https://fleet.example.com/signs/") as address:
        answer = httpx.get(f"{address}/open/caller", headers=FORWARDED)
    assert answer.json()["base"] == answer.json()["proven"] == "https://fleet.example.com/signs"


def test_http_1_0_without_a_host_gets_the_address_of_the_connection(address: str) -> None:
    answer = ask(address, b"GET /open/caller HTTP/1.0\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["base"] == address


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"X-Forwarded-For": "203.0.113.7:4711"}, "203.0.113.7"),
        ({"X-Forwarded-For": "2001:db8::7"}, "2001:db8::7"),
        ({"X-Forwarded-For": "[2001:DB8::7]:4711"}, "2001:db8::7"),
        ({"X-Forwarded-For": "::ffff:203.0.113.7"}, "203.0.113.7"),
        ({"X-Forwarded-For": "203.0.113.7, 127.0.0.1"}, "203.0.113.7"),
        ({"X-Forwarded-For": "198.51.100.1, 203.0.113.7, 127.0.0.9"}, "203.0.113.7"),
        ({"X-Forwarded-For": "127.0.0.2"}, "127.0.0.2"),
        ({"X-Forwarded-For": "unknown"}, "127.0.0.1"),
        ({"X-Forwarded-For": "203.0.113.7, nonsense"}, "127.0.0.1"),
        ({"X-Forwarded-For": ""}, "127.0.0.1"),
        ({"X-Forwarded-For": "," * 50_000}, "127.0.0.1"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_the_nearest_address_that_is_not_a_proxy_is_the_caller(header: dict[str, str], expected: str) -> None:
    with served(trusted_proxies="127.0.0.0/8") as address:
        assert httpx.get(f"{address}/open/caller", headers=header).json()["address"] == expected


@pytest.mark.parametrize("host", ["a b", "evil.example/path", "x@evil.example", "", "http://evil.example"])
def test_an_invalid_forwarded_host_is_ignored(host: str) -> None:
    with served(trusted_proxies="127.0.0.1") as address:
        answer = httpx.get(f"{address}/open/caller", headers={"X-Forwarded-Host": host})
    assert answer.json() == {"address": "127.0.0.1", "base": address, "proven": None}


@pytest.mark.parametrize("entry", ["127.0.0.1/33", "10.0.0", "1.2.3.4.5", "::1/200", "12345"])
def test_the_error_names_an_entry_that_is_not_a_network(entry: str) -> None:
    with pytest.raises(ValueError, match=entry):
        TrustedProxies(f"127.0.0.1, {entry}")


def test_addresses_have_their_usual_spelling() -> None:
    assert plain_address("::ffff:203.0.113.7") == "203.0.113.7"
    assert plain_address("fe80::1%eth0") == "fe80::1"
    assert origin_of("2001:db8:1:2:3:4:5:6") == origin_of("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert origin_of("203.0.113.7") == "203.0.113.7"


@given(st.text(max_size=300))
def test_any_text_can_be_checked(text: str) -> None:
    if is_authority(text):
        assert text.isascii()
        assert not set(text) & set(" /?#@\\<>\"'\r\n")
    plain_address(text)
    origin_of(text)
    scope = {"headers": [(b"x-forwarded-for", text.encode())], "client": ("127.0.0.1", 1), "scheme": "http"}
    TrustedProxies("*").apply(scope)
