"""Folds metrics into the minutes and quarters of an hour.

Of an hour, only the slot that runs is read and written again; what has ended is text that grows at its end. So a report
costs the same however many came before it. An hour that has ended is stored as it is.

    minute    (3, {"temperature": [48.2, 48.9, 97.1, 2]})    least, most, sum, count
    minutes   [[1,{"temperature":[48]}],[2,{"temperature":[47.5,48.1,49]}]]    the only value; or least, average, most
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from signfleet.fleet.devices.metrics.names import MOST_METRICS
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import HOUR, MINUTE

#: The minutes of a slot: for a day, and for a month.
MINUTES: Final = 1
QUARTERS: Final = 15


class Slot(msgspec.Struct, array_like=True):
    """A slot that runs: the minute of the hour at which it begins, and by name the least, most, sum and count."""

    start: int
    values: dict[str, tuple[float, float, float, int]]


class Run(msgspec.Struct):
    """The slots of an hour, of one length: the one that runs, and those that have ended, as text."""

    now: Slot | None = None
    ended: msgspec.Raw = msgspec.Raw(b"[]")

    def fold(self, start: int, values: Mapping[str, float]) -> None:
        """Folds values into the slot that begins at a minute of the hour, or into a later one that runs already."""
        if self.now is None or self.now.start < start:
            self.ended, self.now = self.all(), Slot(start, {})
        slot = self.now.values
        for name, value in values.items():
            known = slot.get(name)
            if known is not None:
                least, most, total, count = known
                slot[name] = min(least, value), max(most, value), total + value, count + 1
            elif len(slot) < MOST_METRICS:
                slot[name] = value, value, value, 1

    def all(self) -> msgspec.Raw:
        """Returns the text of all slots, as if the one that runs had ended."""
        ended = bytes(self.ended)
        if self.now is None:
            return self.ended
        slot = encode((self.now.start, {name: _ended(*value) for name, value in self.now.values.items()}))
        return msgspec.Raw(b"%b%b%b]" % (ended[:-1], b"" if ended == b"[]" else b",", slot))


def _ended(least: float, most: float, total: float, count: int) -> tuple[float, ...]:
    if least == most:
        return (least,)
    average = float(f"{total / count:.6g}")
    return least, min(max(average, least), most), most


class Hour(msgspec.Struct):
    """The slots of the present hour of one device."""

    minutes: Run
    quarters: Run


class Ended(NamedTuple):
    """The slots of an hour that has ended, as they are stored: the minutes of one, and the text."""

    step: int
    slots: str


_read_hour = msgspec.json.Decoder(Hour).decode
_read_ended = msgspec.json.Decoder(list[tuple[int, dict[str, tuple[float, ...]]]]).decode


def fold(stored: tuple[int, str] | None, values: Mapping[str, float], now: int) -> tuple[int, str, list[Ended]]:
    """Folds values, measured at `now` (ms), into an hour: its begin (ms) and text, None if there is none.

    Returns begin and text of the new hour, and the slots of the stored one if it has ended. A clock that was set back
    does not return to an earlier slot.
    """
    begin = now - now % HOUR
    hour, ended = Hour(Run(), Run()), list[Ended]()
    minute = (now - begin) // MINUTE
    if stored is not None:
        last = _read_hour(stored[1])
        if stored[0] < begin:
            ended = [Ended(MINUTES, _text(last.minutes)), Ended(QUARTERS, _text(last.quarters))]
        else:
            hour = last
            minute = minute if stored[0] == begin else 0
            begin = stored[0]
    hour.minutes.fold(minute, values)
    hour.quarters.fold(minute - minute % QUARTERS, values)
    return begin, encode(hour).decode(), ended


def _text(run: Run) -> str:
    return bytes(run.all()).decode()


class Point(NamedTuple):
    """The least, average and most of a metric in one slot."""

    least: float
    average: float
    most: float


class Chart(NamedTuple):
    """What metrics were: the begin of each slot in ms, and by name the points, None where a slot has none."""

    dates: list[int]
    points: dict[str, list[Point | None]]


def present_slots(text: str, step: int) -> str:
    """Returns the slots of the present hour, from its text, as those of an hour that has ended are stored."""
    hour = _read_hour(text)
    return _text(hour.minutes if step == MINUTES else hour.quarters)


def chart(hours: list[tuple[int, str]], since: int, name: str | None) -> Chart:
    """Returns what hours, ascending, have since a date (ms): of one metric, or of those that were measured last."""
    slots = [
        (begin + start * MINUTE, values)
        for begin, text in hours
        for start, values in _read_ended(text)
        if begin + start * MINUTE >= since and (name is None or name in values)
    ]
    names: dict[str, None] = {} if name is None else {name: None}
    for _, values in reversed(slots):
        if len(names) >= (MOST_METRICS if name is None else 1):
            break
        names |= dict.fromkeys(values)
    chosen = sorted(list(names)[:MOST_METRICS])
    return Chart(
        [date for date, _ in slots],
        {each: [_point(values.get(each)) for _, values in slots] for each in chosen},
    )


def _point(stored: tuple[float, ...] | None) -> Point | None:
    if stored is None:
        return None
    return Point(*stored) if len(stored) == 3 else Point(stored[0], stored[0], stored[0])
