"""Preconditions: no change that somebody else made in the meantime is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Stale
from signfleet.foundation.wire import datetime
from signfleet.web.contract.conditional import Precondition, entity_tags


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_the_date_that_was_sent_is_never_stale(modified: int) -> None:
    """Once the second is over: until then it may be too coarse for a state that was not the only one in it."""
    sent = datetime.parse_http(datetime.format_http(datetime.settled(modified)))
    Precondition(unmodified_since=sent).check(modified, 1)
    with pytest.raises(Stale):
        Precondition(unmodified_since=sent).check(modified + 1000, 1)


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=20))
def test_no_date_is_in_the_future_and_no_update_is_lost(steps: list[tuple[int, bool]]) -> None:
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


def test_the_error_for_two_changes_within_a_second_suggests_a_retry() -> None:
    first = datetime.next_moment(0, 1_710_345_061_100)
    second = datetime.next_moment(first, 1_710_345_061_200)
    with pytest.raises(Stale, match="more than once within the second"):
        Precondition(unmodified_since=1_710_345_061_000).check(second, 1)
    Precondition(unmodified_since=1_710_345_062_000).check(second, 1)


@given(st.lists(st.from_regex(r"[0-9]{1,6}(-[0-9]{1,6})?", fullmatch=True)))
def test_entity_tags_survive_their_text(tags: list[str]) -> None:
    assert entity_tags(", ".join(f'"{tag}"' for tag in tags)) == tags
    assert entity_tags(",".join(f'W/"{tag}"' for tag in tags)) == tags


@given(st.text())
def test_any_header_of_tags_can_be_parsed(header: str) -> None:
    assert all(isinstance(tag, str) for tag in entity_tags(header))
