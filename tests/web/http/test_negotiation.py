"""What a client takes: Accept and Accept-Encoding."""

from __future__ import annotations

import gzip

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.web.http.compression import admits_gzip
from signfleet.web.http.media import ERROR_TYPE, JSON_TYPE, admits, error_type, is_sent_as

THING = "/2022/06/REST/Things/1/"


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "*/*",
        "application/*",
        "",
        "text/plain, application/json, application/*+json, */*",
        "application/json, application/vnd.bsn.error+json",
        "APPLICATION/JSON;q=0.1",
        "text/html, */*;q=0.1",
        "application/json;charset=utf-8",
    ],
)
def test_clients_that_accept_json_get_json(client: httpx.Client, accept: str) -> None:
    answer = client.get(THING, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "application/xml", "application/json;q=0", "*/*, application/json;q=0.0", "json"]
)
def test_clients_that_do_not_accept_json_get_406(client: httpx.Client, accept: str) -> None:
    answer = client.get(THING, headers={"Accept": accept})
    assert answer.status_code == 406
    assert accept in answer.json()["message"]


def test_a_repeated_header_is_one_list(client: httpx.Client) -> None:
    twice = [("Authorization", "Bearer user"), ("Accept", "application/json"), ("Accept", "text/html")]
    assert client.get(THING, headers=httpx.Headers(twice)).status_code == 200


def test_what_is_not_json_is_negotiated_too(anyone: httpx.Client) -> None:
    assert anyone.get("/open/text", headers={"Accept": "text/*"}).text == "text"
    assert anyone.get("/open/text", headers={"Accept": "application/json"}).status_code == 406


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", ERROR_TYPE),
        ("application/json, application/vnd.bsn.error+json", ERROR_TYPE),
        ("application/*+json", ERROR_TYPE),
        ("application/json", JSON_TYPE),
        ("text/html", JSON_TYPE),
        ("*/*, application/vnd.bsn.error+json;q=0", JSON_TYPE),
    ],
)
def test_errors_have_their_own_media_type_if_accepted(anyone: httpx.Client, accept: str, media_type: str) -> None:
    assert anyone.get(THING, headers={"Accept": accept}).headers["Content-Type"] == f"{media_type}; charset=utf-8"


def test_without_an_accept_header_every_type_is_accepted(anyone: httpx.Client) -> None:
    del anyone.headers["Accept"]
    assert anyone.get("/open/parameters").status_code == 200
    assert anyone.get(THING).headers["Content-Type"] == f"{ERROR_TYPE}; charset=utf-8"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br, gzip", "gzip;q=0.5", "deflate,gzip ; q=1"])
def test_a_long_answer_is_compressed_on_request(anyone: httpx.Client, encoding: str) -> None:
    with anyone.stream("GET", "/open/large", headers={"Accept-Encoding": encoding}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert int(answer.headers["Content-Length"]) == len(raw)
    assert gzip.decompress(raw) == b'["signfleet"' + b',"signfleet"' * 999 + b"]"


@pytest.mark.parametrize("encoding", ["identity", "br", "gzip;q=0", "gzip; q=0.000", "deflate, x-gzip", "gzipped"])
def test_answers_are_not_compressed_without_a_request(anyone: httpx.Client, encoding: str) -> None:
    answer = anyone.get("/open/large", headers={"Accept-Encoding": encoding})
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_short_answer_is_not_compressed(client: httpx.Client) -> None:
    assert "Content-Encoding" not in client.get(THING, headers={"Accept-Encoding": "gzip"}).headers


def test_a_secret_is_neither_compressed_nor_cached(anyone: httpx.Client) -> None:
    headers = anyone.get("/open/secret", headers={"Accept-Encoding": "gzip"}).headers
    assert "Content-Encoding" not in headers
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")


# --- as they are read ------------------------------------------------------------------------------------------------

TYPES = st.sampled_from([JSON_TYPE, ERROR_TYPE, "text/html", "image/png"])
RANGES = st.sampled_from([JSON_TYPE, ERROR_TYPE, "text/html", "application/*", "application/*+json", "text/*", "*/*"])
QUALITIES = st.sampled_from(["", ";q=1", ";q=0.5", ";q=0.001", "; q=1.000"])
BLANKS = st.sampled_from(["", " ", "  "])


@given(st.text(), TYPES)
def test_any_header_can_be_parsed(header: str, media_type: str) -> None:
    assert admits(header, media_type) in (True, False)
    assert error_type(header) in (ERROR_TYPE, JSON_TYPE)
    assert is_sent_as(header, (JSON_TYPE,)) in (True, False)
    assert admits_gzip(header) in (True, False)


@given(st.lists(st.tuples(RANGES, QUALITIES), max_size=4), st.sampled_from([JSON_TYPE, ERROR_TYPE]), BLANKS, QUALITIES)
def test_an_explicit_type_is_accepted_beside_any_other(
    others: list[tuple[str, str]], media_type: str, blanks: str, quality: str
) -> None:
    ranges = [other + weight for other, weight in others]
    for place in range(len(ranges) + 1):
        header = f"{blanks},{blanks}".join([*ranges[:place], media_type.upper() + quality, *ranges[place:]])
        assert admits(header, media_type)


@given(st.lists(RANGES.filter(lambda range_: range_ != JSON_TYPE), max_size=4), st.sampled_from(["0", "0.0", "0.000"]))
def test_quality_zero_overrides_wider_ranges(others: list[str], nought: str) -> None:
    assert not admits(", ".join([*others, f"{JSON_TYPE};q={nought}"]), JSON_TYPE)


@given(st.lists(st.sampled_from(["br", "deflate", "zstd", "identity", "*"])), st.integers(min_value=0), QUALITIES)
def test_gzip_is_found_at_any_position(others: list[str], place: int, quality: str) -> None:
    assert not admits_gzip(",".join(others))
    place %= len(others) + 1
    assert admits_gzip(",".join([*others[:place], f"gzip{quality}", *others[place:]]))
