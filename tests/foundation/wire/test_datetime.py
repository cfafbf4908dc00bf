"""Points in time between milliseconds and the texts of the contract and of HTTP."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.zones import zone

moments = st.integers(datetime.MIN_MS + 1, datetime.MAX_MS)

SEED_TIMES = [
    "2020-07-09T19:15:22.773Z",
    "2022-02-15T23:53:50.16Z",
    "2024-05-21T00:00:00Z",
    "2023-06-02T07:02:52.99Z",
    "2021-05-04T17:44:06.5Z",
]


@pytest.mark.parametrize("text", SEED_TIMES)
def test_texts_of_the_contract_survive_parsing(text: str) -> None:
    ms = datetime.parse(text)
    assert ms is not None
    assert datetime.format(ms) == text


@given(moments)
def test_every_moment_survives_its_text(ms: int) -> None:
    assert datetime.parse(datetime.format(ms)) == ms
    assert datetime.parse(datetime.format_padded(ms)) == ms


@given(moments)
def test_text_is_what_the_standard_library_writes(ms: int) -> None:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=ms)
    assert datetime.format_padded(ms) == moment.isoformat(timespec="milliseconds") + "Z"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2022-02-18T16:57:00", "2022-02-18T16:57:00Z"),
        ("2022-02-18 16:57:00Z", "2022-02-18T16:57:00Z"),
        ("2022-02-18t16:57:00z", "2022-02-18T16:57:00Z"),
        ("2022-02-18T16:57:03.3893279Z", "2022-02-18T16:57:03.389Z"),
        ("2022-02-18T16:57:00.120Z", "2022-02-18T16:57:00.12Z"),
        ("2022-02-18T16:57:00+02:00", "2022-02-18T14:57:00Z"),
        ("2022-02-18T16:57:00.5-09:30", "2022-02-19T02:27:00.5Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_other_spellings_are_understood(text: str, same: str) -> None:
    ms = datetime.parse(text)
    assert ms is not None
    assert datetime.format(ms) == same


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01 00:00:00Z", "0001-01-01T00:00:00.0000000Z"])
def test_the_first_moment_means_unset(text: str) -> None:
    assert datetime.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2022-02-18",
        "2022-02-30T00:00:00Z",
        "2022-02-18T24:00:00Z",
        "2022-02-18T16:57Z",
        "2022-02-18T16:57:60Z",
        "2022-02-18T16:57:00.Z",
        "2022-02-18T16:57:00+24:00",
        "2022-02-18T16:57:00+01:60",
        "2022-02-18T16:57:00+0100",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2022-02-18T16:57:00Z\n",
        "٢٠٢٢-02-18T16:57:00Z",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|offset"):
        datetime.parse(text)


@given(st.text(alphabet="0123456789-:TZ.+ ", max_size=32))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        ms = datetime.parse(text)
    except ValueError:
        return
    assert ms is None or datetime.MIN_MS < ms <= datetime.MAX_MS


@given(moments)
def test_http_dates_survive_to_the_second(ms: int) -> None:
    assert datetime.parse_http(datetime.format_http(ms)) == ms - ms % 1000


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_all_three_forms_of_an_http_date_are_read(text: str) -> None:
    ms = datetime.parse_http(text)
    assert datetime.format(ms) == "1994-11-06T08:49:37Z"
    assert datetime.format_http(ms) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(st.integers(0, 99))
def test_a_year_of_two_digits_is_never_more_than_fifty_years_ahead(year: int) -> None:
    read = datetime.parse_http(f"Sunday, 06-Nov-{year:02d} 08:49:37 GMT")
    ahead = int(datetime.format(read)[:4]) - dt.datetime.now(dt.UTC).year
    assert -50 < ahead <= 50


def test_a_leap_second_counts_as_the_second_before_it() -> None:
    leap = datetime.parse_http("Sat, 31 Dec 2016 23:59:60 GMT")
    assert datetime.format(leap) == "2016-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "text", ["", "2022-02-18T16:57:00Z", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "0"]
)
def test_other_http_dates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HTTP date|calendar"):
        datetime.parse_http(text)


def test_local_time_has_no_zone_and_no_fraction() -> None:
    ms = datetime.parse("2023-10-19T15:07:57.771Z")
    assert ms is not None
    assert datetime.format_wall_clock(datetime.wall_clock(ms, zone("EST1"))) == "2023-10-19T10:07:57"


@pytest.mark.parametrize("ms", [datetime.MIN_MS, datetime.MAX_MS])
@pytest.mark.parametrize("code", ["GMT-14", "GMT+14"])
def test_at_the_ends_of_the_calendar_there_is_a_local_time_all_the_same(ms: int, code: str) -> None:
    assert datetime.format_wall_clock(datetime.wall_clock(ms, zone(code)))


@pytest.mark.parametrize("digits", ["0", "12", "1234567", "123456789", "1" * 40])
def test_any_number_of_digits_may_follow_the_second(digits: str) -> None:
    assert datetime.parse(f"2022-02-18T16:57:00.{digits}Z") == datetime.parse("2022-02-18T16:57:00Z") + int(
        (digits + "00")[:3]
    )
