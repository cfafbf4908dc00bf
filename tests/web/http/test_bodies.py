"""Bodies: media types, sizes, and what is wrong with them."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.web.http import app

THING = "/2022/06/REST/Things/1/"


def put(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return client.put(THING, content=body, headers={"Content-Type": "application/json"} | headers)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/vnd.bsn.something+json",
        "text/json",
        "",
    ],
)
def test_json_bodies_may_have_several_content_types(client: httpx.Client, content_type: str) -> None:
    answer = client.put(THING, content=b'{"serialNumber":"1"}', headers={"Content-Type": content_type})
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "json"],
)
def test_another_content_type_is_415(client: httpx.Client, content_type: str) -> None:
    answer = client.put(THING, content=b'{"serialNumber":"1"}', headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert content_type in answer.json()["message"]


def test_a_patch_may_have_the_media_type_of_json_patch(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json-patch+json"}
    assert client.patch(THING, content=b'{"size":2}', headers=headers).json() == {"size": 2}


@pytest.mark.parametrize(("escapes", "status"), [(1, 400), (2, 204), (3, 400), (4, 204)])
def test_only_a_real_escape_is_a_nul_character(client: httpx.Client, escapes: int, status: int) -> None:
    assert put(client, b'{"serialNumber":"' + b"\\" * escapes + b'u0000"}').status_code == status


def test_a_compressed_body_is_415(client: httpx.Client) -> None:
    answer = put(client, gzip.compress(b'{"serialNumber":"1"}'), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert "Content-Encoding" in answer.json()["message"]


def test_the_content_type_of_what_takes_no_body_does_not_matter(client: httpx.Client) -> None:
    assert client.get(THING, headers={"Content-Type": "text/plain"}).status_code == 200
    assert client.post("/open/nothing", data={"a": "form"}).status_code == 204


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no body; one is needed"),
        (b"{", "not valid JSON: Input data was truncated"),
        (b'{"serialNumber":', "not valid JSON"),
        (b'{"serialNumber":"1"} {}', "not valid JSON: JSON is malformed: trailing characters (byte 22)"),
        (b'{"serialNumber":"\xff"}', "not valid JSON: 'utf-8' codec can't decode byte 0xff"),
        (b'{"serialNumber":"\\u0000"}', "the character U+0000"),
        (b'{"x":' + b"[" * 10_000, "nested too deeply"),
        (b'{"serialNumber":1}', "Expected a string, got a whole number - at 'serialNumber'"),
        (b'{"serialNumber":"1","size":"2"}', "Expected a whole number, got a string - at 'size'"),
        (b"{}", "missing required field 'serialNumber'"),
        (b"[]", "Expected an object, got an array"),
        (b"null", "Expected an object, got null"),
    ],
)
def test_the_error_names_the_member_that_does_not_fit(client: httpx.Client, body: bytes, message: str) -> None:
    answer = put(client, body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_unknown_members_are_ignored(client: httpx.Client) -> None:
    assert put(client, b'{"serialNumber":"1","unheardOf":{"a":[1]}}').status_code == 204


def test_a_byte_order_mark_is_ignored(client: httpx.Client) -> None:
    assert put(client, b'\xef\xbb\xbf{"serialNumber":"1"}').status_code == 204


def test_delete_may_have_a_body(client: httpx.Client) -> None:
    answer = client.request("DELETE", "/2022/06/REST/Things/1/Tags", json=["a", "b"])
    assert answer.json() == ["a", "b"]


def test_an_optional_body_may_be_missing(anyone: httpx.Client) -> None:
    assert anyone.post("/open/optional").json() is None
    assert anyone.post("/open/optional", json={"serialNumber": "1"}).json() == {"serialNumber": "1", "size": 1}


#: The endpoint takes 100 bytes.
FITS = b'{"a":"' + b"x" * 92 + b'"}'
TOO_LONG = FITS + b" "


def chunks(body: bytes) -> Iterator[bytes]:
    """Sent without a length."""
    yield body[:50]
    yield body[50:]


@pytest.mark.parametrize("send", [bytes, chunks], ids=["whole", "chunked"])
def test_a_body_over_the_limit_is_413(anyone: httpx.Client, send: type[bytes]) -> None:
    headers = {"Content-Type": "application/json"}
    assert anyone.post("/open/small", content=send(FITS), headers=headers).status_code == 200
    answer = anyone.post("/open/small", content=send(TOO_LONG), headers=headers)
    assert answer.status_code == 413
    assert "100" in answer.json()["message"]


def test_a_connection_survives_an_unread_body(anyone: httpx.Client) -> None:
    anyone.post("/open/small", content=b"x" * 3_000_000)
    assert anyone.get("/open/parameters").status_code == 200


def test_a_truncated_body_changes_nothing(address: str, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request is never whole; the second shows that the server goes on and has not seen it."""
    monkeypatch.setattr(app, "kept", [])
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /open/kept HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[1,2]")
    assert client.post("/open/kept", json=["whole"]).json() == [["whole"]]


@pytest.mark.parametrize("length", [1, 8_000, 9_000, 65_000])
def test_a_whole_number_may_have_a_fraction_in_a_body_of_any_size(client: httpx.Client, length: int) -> None:
    def body(size: bytes) -> bytes:
        return b'{"serialNumber":"%b","size":%b}' % (b"x" * length, size)

    assert put(client, body(b"5.0")).status_code == 204
    answer = put(client, body(b"5.5"))
    assert answer.status_code == 400
    assert "at 'size'" in answer.json()["message"]
