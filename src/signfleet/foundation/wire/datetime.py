"""Points in time: milliseconds since 1970 UTC in the program, RFC 3339 text in JSON, HTTP dates in headers."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)

MIN_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""0001-01-01T00:00:00Z, which the contract uses for "unset"."""
MAX_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""9999-12-31T23:59:59.999Z, the last moment that the text can express."""

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
    """Returns the contract's text: UTC with `Z`, without trailing zeros of the fraction (`2022-02-18T16:57:00.12Z`)."""
    seconds, fraction = divmod(ms, 1000)
    if fraction == 0:
        return format_seconds(seconds) + "Z"
    return f"{format_seconds(seconds)}.{fraction:03d}".rstrip("0") + "Z"


def format_padded(ms: int) -> str:
    """Returns the contract's text with exactly three fraction digits, as in paging markers."""
    seconds, fraction = divmod(ms, 1000)
    return f"{format_seconds(seconds)}.{fraction:03d}Z"


def next_moment(previous: int, now: int) -> int:
    """Returns the date of a change at `now` of an entity that last changed at `previous`: always later than `previous`.

    The number of milliseconds is even if this is the first change within its second, so that the second alone
    distinguishes the new state; it is odd otherwise. `settled` reads it.
    """
    if settled(previous) < now // 1000 * 1000:
        return now & ~1
    return max(previous + 1, now // 1000 * 1000, (now - 1) | 1) | 1


def settled(date: int) -> int:
    """Returns the first second, in ms, whose HTTP date distinguishes the state of `date` from all earlier ones.

    Preconditions compare it. It is the second of `date`, or the next one if the entity had another state within the
    same second.
    """
    return (date // 1000 + date % 2) * 1000


def wall_clock(ms: int, zone: tzinfo) -> int:
    """Returns the local time in `zone`, as milliseconds that show it when formatted as UTC."""
    offset = None
    with suppress(OverflowError):  # within hours of the first or last moment there is no local time
        offset = (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone).utcoffset()
    return ms if offset is None else ms + offset // _MILLISECOND


def format_wall_clock(ms: int) -> str:
    """Formats a result of `wall_clock` to the second and without a zone, as in a screenshot's local time stamp."""
    return format_seconds(ms // 1000)


def parse(text: str) -> int | None:
    """Reads RFC 3339 text as milliseconds; None for the contract's "unset", 0001-01-01T00:00:00.

    Accepts any number of fraction digits (dropping those beyond milliseconds), any offset, and a missing zone as UTC.
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
    """Returns an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`), without the fraction of the second."""
    return _http_text(ms // 1000)


@lru_cache(maxsize=4096)
def _http_text(seconds: int) -> str:
    moment = _EPOCH + timedelta(seconds=seconds)
    day, month = _WEEKDAYS[moment.weekday()][:3], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment.time().isoformat()} GMT"


def parse_http(text: str) -> int:
    """Reads an HTTP date in any of the three forms of RFC 9110, section 5.6.7, as milliseconds. Raises ValueError."""
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
    """Returns the latest year with these two digits that is at most 50 years ahead (RFC 9110)."""
    latest = datetime.now(UTC).year + 50
    return latest - (latest - two_digits) % 100


_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))  # a look-up is three times as fast as formatting


def format_seconds(seconds: int) -> str:
    """Returns seconds since 1970 UTC as `2022-02-18T16:57:00`."""
    days, second = divmod(seconds, 86_400)
    minutes, second = divmod(second, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date_text(days)}T{_TWO_DIGITS[hour]}:{_TWO_DIGITS[minute]}:{_TWO_DIGITS[second]}"


@lru_cache(maxsize=4096)
def _date_text(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()
