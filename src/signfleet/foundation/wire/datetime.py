"""Points in time: milliseconds since 1970 UTC inside, RFC 3339 text (or an HTTP date) on the wire."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)

MIN_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""0001-01-01T00:00:00Z, the customary word for "unset"."""
MAX_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""9999-12-31T23:59:59.999Z, the last moment that has a text."""

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?"
)

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT_DAY = "(?:" + "|".join(day[:3] for day in _WEEKDAYS) + ")"
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_HTTP_FORMS = (
    re.compile(f"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(f"(?:{'|'.join(_WEEKDAYS)}), (?P<day>[0-9]{{2}})-{_MONTH}-(?P<short_year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(f"{_SHORT_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


def format(ms: int) -> str:
    """Write the contract's text: UTC with `Z`, trailing zeros of the fraction dropped (`2022-02-18T16:57:00.12Z`)."""
    seconds, fraction = divmod(ms, 1000)
    if fraction == 0:
        return _seconds_text(seconds) + "Z"
    return f"{_seconds_text(seconds)}.{fraction:03d}".rstrip("0") + "Z"


def format_padded(ms: int) -> str:
    """Write the contract's text with exactly three fraction digits, as in paging markers."""
    seconds, fraction = divmod(ms, 1000)
    return f"{_seconds_text(seconds)}.{fraction:03d}Z"


def next_moment(previous: int, now: int) -> int:
    """The date of a change at `now` of what changed last at `previous`: now, and later than `previous` in any case.

    An even number of milliseconds if the second of `now` tells the new state from all before, an odd one otherwise:
    `settled` reads it.
    """
    if settled(previous) < now // 1000 * 1000:
        return now & ~1
    return max(previous + 1, now // 1000 * 1000, (now - 1) | 1) | 1


def settled(date: int) -> int:
    """The first second, in ms, whose HTTP date tells the state of `date` from all before: what preconditions compare.

    That is the second of `date`, or the next one where there was another state within the same second.
    """
    return (date // 1000 + date % 2) * 1000


def wall_clock(ms: int, zone: tzinfo) -> int:
    """Give what a clock on the wall shows in `zone`, as milliseconds that read right when taken for UTC."""
    offset = None
    with suppress(OverflowError):  # within hours of the first or last moment there is no local time
        offset = (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone).utcoffset()
    return ms if offset is None else ms + offset // _MILLISECOND


def format_wall_clock(ms: int) -> str:
    """Write what `wall_clock` gave, to the second and without a zone, as in a screenshot's local time stamp."""
    return _seconds_text(ms // 1000)


def parse(text: str) -> int | None:
    """Read RFC 3339 text as milliseconds; None for the contract's "unset", 0001-01-01T00:00:00.

    Takes any number of fraction digits (those past the millisecond are dropped), any offset, and a missing zone as UTC.
    Raises ValueError for anything else.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("a date and time looks like 2022-02-18T16:57:00.123Z")
    date, time, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{time}+00:00")
    except ValueError:
        raise ValueError(f"{date} {time} is not a date and time of the calendar") from None
    ms = (moment - _EPOCH) // _MILLISECOND + int(((fraction or "") + "000")[:3])
    if sign is not None:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError(f"{sign}{hours}:{minutes} is not an offset from UTC")
        offset = (int(hours) * 60 + int(minutes)) * 60_000
        ms += -offset if sign == "+" else offset
    if ms == MIN_MS:
        return None
    if not MIN_MS <= ms <= MAX_MS:
        raise ValueError("a date and time lies in the years 0001 to 9999 of UTC")
    return ms


def format_http(ms: int) -> str:
    """Write an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`); the fraction of the second is dropped."""
    return _http_text(ms // 1000)


@lru_cache(maxsize=4096)
def _http_text(seconds: int) -> str:
    moment = _EPOCH + timedelta(seconds=seconds)
    day, month = _WEEKDAYS[moment.weekday()][:3], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment.time().isoformat()} GMT"


def parse_http(text: str) -> int:
    """Read an HTTP date in any of the three forms of RFC 9110 section 5.6.7 as milliseconds; ValueError otherwise."""
    match = next((found for form in _HTTP_FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        raise ValueError("an HTTP date looks like Sun, 06 Nov 1994 08:49:37 GMT")
    part = match.groupdict()
    year = int(part["year"]) if "year" in part else _full_year(int(part["short_year"]))
    month = _MONTHS.index(part["month"]) + 1
    second = min(int(part["second"]), 59) if part["second"] == "60" else int(part["second"])
    try:
        moment = datetime(year, month, int(part["day"]), int(part["hour"]), int(part["minute"]), second, tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text} is not a date and time of the calendar") from None
    return (moment - _EPOCH) // _MILLISECOND


def _full_year(two_digits: int) -> int:
    """A year of two digits is the latest one that is at most 50 years ahead (RFC 9110)."""
    latest = datetime.now(UTC).year + 50
    return latest - (latest - two_digits) % 100


_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))  # a look-up is three times as fast as formatting


def _seconds_text(seconds: int) -> str:
    days, second = divmod(seconds, 86_400)
    minutes, second = divmod(second, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date_text(days)}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[second]}"


@lru_cache(maxsize=4096)
def _date_text(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()
