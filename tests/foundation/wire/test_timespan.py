"""Time spans between milliseconds and the contract's text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire import timespan


@given(st.integers(0, timespan.MAX_MS))
def test_every_span_survives_its_text(ms: int) -> None:
    assert timespan.parse(timespan.format(ms)) == ms


@pytest.mark.parametrize(
    ("text", "ms", "canonical"),
    [
        ("00:05:00", 300_000, "00:05:00"),
        ("08:20", 30_000_000, "08:20:00"),
        ("00:00:01.5", 1_500, "00:00:01.500"),
        ("00:00:00.1239999", 123, "00:00:00.123"),
        ("730.00:00:00", 730 * timespan.DAY, "730.00:00:00"),
        ("1.00:00:00.250", timespan.DAY + 250, "1.00:00:00.250"),
        ("0.23:59:59", timespan.DAY - 1000, "23:59:59"),
    ],
)
def test_documented_forms(text: str, ms: int, canonical: str) -> None:
    assert timespan.parse(text) == ms
    assert timespan.format(ms) == timespan.canonical(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "5", "00:5:00", "24:00:00", "00:60:00", "00:00:60", "-00:05:00", "100000.00:00:00", "00:05:00 ", "00:05:00\n"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        timespan.parse(text)


@given(st.from_regex(r"\A[0-9]{0,6}\.?[0-9]{1,2}:[0-9]{2}(:[0-9]{1,2})?(\.[0-9]{0,8})?\n?\Z") | st.text())
def test_the_published_pattern_admits_exactly_what_is_read(text: str) -> None:
    try:
        timespan.parse(text)
        readable = True
    except ValueError:
        readable = False
    assert (re.search(timespan.PATTERN, text) is not None) == readable


def test_the_message_names_a_negative_span() -> None:
    with pytest.raises(ValueError, match="not negative"):
        timespan.parse("-1.00:00:00")
