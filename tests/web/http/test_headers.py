"""What every answer says to browsers and caches."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import httpx
import pytest

from signfleet.web.http.compression import admits_gzip
from signfleet.web.http.media import admits, is_sent_as
from tests.web.http.app import served
from tests.web.http.wire import ask, request, status

THING = "/2022/06/REST/Things/7/"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/open/parameters"),
        ("HEAD", "/open/parameters"),
        ("OPTIONS", "/open/parameters"),
        ("DELETE", "/open/parameters"),
        ("GET", "/nowhere"),
        ("GET", "/open/long"),
        ("GET", "/open/fail/unexpected"),
        ("POST", "/open/nothing"),
        ("GET", THING),
    ],
)
def test_every_answer_forbids_content_sniffing(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).headers["X-Content-Type-Options"] == "nosniff"


def test_early_refusals_forbid_content_sniffing_too(address: str) -> None:
    answer = ask(address, request("/", host="a b"))
    assert status(answer) == 400
    assert b"x-content-type-options: nosniff\r\n" in answer
    assert b"content-type: application/vnd.bsn.error+json; charset=utf-8\r\n" in answer


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/open/secret", "no-store"),
        ("/open/parameters", "no-store"),
        ("/nowhere", "no-store"),
        ("/open/fail/oauth", "no-store"),
        ("/open/fail/unexpected", "no-store"),
        (THING, "private, no-cache"),
        ("/open/large", "private, no-cache"),
    ],
)
def test_every_answer_has_a_cache_policy(client: httpx.Client, path: str, policy: str) -> None:
    assert client.get(path).headers["Cache-Control"] == policy


def test_a_304_still_requires_revalidation(client: httpx.Client) -> None:
    answer = client.get(THING, headers={"If-None-Match": '"7-1"'})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (304, "private, no-cache")


@pytest.fixture(scope="module")
def proxied() -> Iterator[str]:
    with served(trusted_proxies="127.0.0.1") as address:
        yield address


@pytest.mark.parametrize(("scheme", "is_strict"), [("https", True), ("http", False), ("ftp", False), ("", False)])
def test_clients_on_tls_get_strict_transport_security(proxied: str, scheme: str, is_strict: bool) -> None:
    answer = httpx.get(f"{proxied}/nowhere", headers={"X-Forwarded-Proto": scheme})
    assert ("Strict-Transport-Security" in answer.headers) is is_strict


@pytest.mark.parametrize("length", [300, 60_000])
@pytest.mark.parametrize("name", ["Accept", "Accept-Encoding", "If-None-Match", "Cookie", "If-Match"])
def test_long_headers_are_answered(client: httpx.Client, name: str, length: int) -> None:
    answer = client.get("/open/large", headers={name: ('"a", x/y;q=0,' * length)[:length].strip()})
    assert answer.status_code == (406 if name == "Accept" and length == 300 else 200)


@pytest.mark.parametrize("function", [admits, admits_gzip, is_sent_as])
def test_only_short_headers_are_cached(function: Callable[..., bool]) -> None:
    """A stranger could fill the memory with long ones."""
    others = {admits: ("text/html",), is_sent_as: (("text/html",),)}.get(function, ())
    tracemalloc.start()
    try:
        for number in range(300):
            function(f"text/{number}".ljust(60_000, "x"), *others)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
