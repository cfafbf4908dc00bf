"""Conditional requests: 304 for what has not changed, 412 for what has."""

from __future__ import annotations

import httpx
import pytest

THING = "/2022/06/REST/Things/1/"
#: The thing was changed at 15:51:01.250, its tag is "7-1".
BEFORE, AT, AFTER = (f"Wed, 13 Mar 2024 15:51:{second} GMT" for second in ("00", "01", "02"))


def test_an_answer_has_a_last_modified_date_and_an_etag(client: httpx.Client) -> None:
    headers = client.get(THING).headers
    assert (headers["Last-Modified"], headers["ETag"]) == (AT, '"7-1"')


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Modified-Since": AT}, 304),
        ({"If-Modified-Since": AFTER}, 304),
        ({"If-Modified-Since": "Wednesday, 13-Mar-24 15:51:01 GMT"}, 304),
        ({"If-Modified-Since": "Wed Mar 13 15:51:01 2024"}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-None-Match": '"7-1"'}, 304),
        ({"If-None-Match": 'W/"7-1"'}, 304),
        ({"If-None-Match": '"6-1", "7-1"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"7-2"'}, 200),
        ({"If-None-Match": '"7"'}, 200),
        ({"If-None-Match": '"7-2"', "If-Modified-Since": AT}, 200),
    ],
)
def test_an_unchanged_entity_is_not_sent_again(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = client.get(THING, headers=headers)
    assert answer.status_code == status
    assert answer.headers["ETag"] == '"7-1"'
    if status == 304:
        assert answer.content == b""
        assert "Content-Type" not in answer.headers
        assert answer.headers["Last-Modified"] == AT


def test_head_is_conditional_as_well(client: httpx.Client) -> None:
    assert client.head(THING, headers={"If-Modified-Since": AT}).status_code == 304


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"If-Unmodified-Since": AT}, 204),
        ({"If-Unmodified-Since": AFTER}, 204),
        ({"If-Unmodified-Since": BEFORE}, 412),
        ({"If-Unmodified-Since": "yesterday"}, 400),
        ({"If-Match": '"7-1"'}, 204),
        ({"If-Match": '"7-2"'}, 204),  # a device has reported since, which no operator can change
        ({"If-Match": '"7"'}, 204),
        ({"If-Match": "*"}, 204),
        ({"If-Match": '"6-1", "7-1"'}, 204),
        ({"If-Match": '"6-1"'}, 412),
        ({"If-Match": '""'}, 412),
        ({"If-Match": '"7-1"', "If-Unmodified-Since": BEFORE}, 204),
        ({"If-Match": '"6-1"', "If-Unmodified-Since": AFTER}, 412),
    ],
)
def test_a_change_of_a_stale_state_is_refused(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = client.put(THING, json={"serialNumber": "1"}, headers=headers)
    assert answer.status_code == status
    if status == 412:
        assert answer.json()["error"] == "precondition_failed"


def test_a_malformed_date_is_400(client: httpx.Client) -> None:
    answer = client.put(THING, json={"serialNumber": "1"}, headers={"If-Unmodified-Since": "yesterday"})
    assert "Header 'If-Unmodified-Since': 'yesterday'" in answer.json()["message"]
