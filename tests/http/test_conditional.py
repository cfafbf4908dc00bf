"""Conditional requests: 304 for what has not changed, 412 for what has."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.errors import Stale
from signfleet.http.conditional import Precondition, entity_tags
from signfleet.wire import datetime

THING = "/2022/06/REST/Things/1/"
#: The thing was changed at 15:51:01.250, its tag is "7-1".
BEFORE, AT, AFTER = (f"Wed, 13 Mar 2024 15:51:{second} GMT" for second in ("00", "01", "02"))


def test_an_answer_tells_when_it_was_changed_and_its_tag(client: httpx.Client) -> None:
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
def test_what_the_client_has_is_not_sent_again(client: httpx.Client, headers: dict[str, str], status: int) -> None:
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
def test_a_change_is_refused_if_somebody_was_faster(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    answer = client.put(THING, json={"serialNumber": "1"}, headers=headers)
    assert answer.status_code == status
    if status == 412:
        assert answer.json()["error"] == "precondition_failed"


def test_a_date_that_is_none_is_told(client: httpx.Client) -> None:
    answer = client.put(THING, json={"serialNumber": "1"}, headers={"If-Unmodified-Since": "yesterday"})
    assert "Header 'If-Unmodified-Since': 'yesterday'" in answer.json()["message"]


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_the_date_that_was_sent_is_never_stale(modified: int) -> None:
    """Once the second is over: until then it may be too coarse for a state that was not the only one in it."""
    sent = datetime.parse_http(datetime.format_http(datetime.settled(modified)))
    Precondition(unmodified_since=sent).check(modified, 1)
    with pytest.raises(Stale):
        Precondition(unmodified_since=sent).check(modified + 1000, 1)


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=20))
def test_no_date_lies_ahead_and_no_update_is_lost(steps: list[tuple[int, bool]]) -> None:
    """A reader comes along now and then, and takes `Last-Modified`: whatever changes afterwards makes it stale."""
    now = 1_710_345_061_000
    modified = now
    seen: list[tuple[int, int]] = []
    for pause, is_read in steps:
        now += pause
        if is_read:
            sent = min(datetime.settled(modified), now) // 1000 * 1000
            assert sent <= now
            seen.append((modified, sent))
            continue
        before, modified = modified, datetime.next_moment(modified, now)
        assert before < modified <= max(now + (now % 1000 == 0), before + 2)
        for state, sent in seen:
            assert state != modified
            with pytest.raises(Stale):
                Precondition(unmodified_since=sent).check(modified, 1)
    later = now + 2000
    for date in (datetime.settled(modified), later):
        Precondition(unmodified_since=date // 1000 * 1000).check(modified, 1)


def test_a_change_of_a_second_that_had_another_says_how_to_go_on() -> None:
    first = datetime.next_moment(0, 1_710_345_061_100)
    second = datetime.next_moment(first, 1_710_345_061_200)
    with pytest.raises(Stale, match="more than once within the second"):
        Precondition(unmodified_since=1_710_345_061_000).check(second, 1)
    Precondition(unmodified_since=1_710_345_062_000).check(second, 1)


@given(st.lists(st.from_regex(r"[0-9]{1,6}(-[0-9]{1,6})?", fullmatch=True)))
def test_tags_are_read_as_they_were_written(tags: list[str]) -> None:
    assert entity_tags(", ".join(f'"{tag}"' for tag in tags)) == tags
    assert entity_tags(",".join(f'W/"{tag}"' for tag in tags)) == tags


@given(st.text())
def test_no_tag_is_too_odd_to_be_read(header: str) -> None:
    assert all(isinstance(tag, str) for tag in entity_tags(header))
