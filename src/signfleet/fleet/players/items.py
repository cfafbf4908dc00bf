"""Reads the errors, downloads and metrics of a report: one that is wrong is rejected by itself, the others count.

A player that spools what it could not send would otherwise be stuck for ever behind one bad item.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from signfleet.fleet.devices.metrics.names import MOST_METRICS, NAME_FORM, PATTERN
from signfleet.fleet.players import clock
from signfleet.fleet.players.events import Event
from signfleet.fleet.players.schemas import (
    MAX_DOWNLOADS,
    MAX_ERRORS,
    LooseReport,
    RejectedItem,
    Report,
    ReportedDownload,
    ReportedError,
)
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.types import MAX_NUMBER
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.numbers import whole_numbers
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.validation_messages import explain

Item = TypeVar("Item", ReportedError, ReportedDownload)

#: The reason of a rejected item is cut after so many characters.
REASON_LIMIT = 500


class Items(NamedTuple):
    """The rows of errors and downloads, by the server's clock, metrics by name, and the items that do not fit."""

    errors: list[Event]
    downloads: list[Event]
    metrics: dict[str, float]
    rejected: list[RejectedItem]


def read_items(report: Report | LooseReport, now: int) -> Items:
    """Reads the last errors and downloads of a report, and its first metrics. Raises `Invalid` for a wrong `sentAt`."""
    sent = None if report.sent_at is None else _date(report.sent_at, "sentAt")
    shift = clock.shift(sent, now)
    rejected: list[RejectedItem] = []

    def moment(text: str | None, place: str) -> int:
        ms = None if text is None else _date(text, f"{place}.timestamp")
        return now if ms is None else max(0, min(ms + shift, now))

    def error_row(error: ReportedError, place: str) -> Event:
        return {
            "timestamp": moment(error.timestamp, place),
            **_text("name", error.error_name),
            **_text("event", error.error_event or "deviceError"),
            **_text("reason", error.reason),
            "response_code": error.response_code or 0,
        }

    def download_row(download: ReportedDownload, place: str) -> Event:
        return {
            "timestamp": moment(download.timestamp, place),
            **_text("file_name", download.file_name),
            **_text("file_hash", None if download.file_hash is None else download.file_hash.upper()),
            "progress": download.progress,
            **_text("status", download.status),
        }

    def rows(
        name: Literal["errors", "downloads"], last: list[tuple[int, Any]], kind: type[Item], row: Callable[..., Event]
    ) -> list[Event]:
        found = []
        for index, item in last:
            place = f"{name}[{index}]"
            try:
                found.append(row(item if isinstance(item, kind) else _converted(item, kind, place), place))
            except Invalid as error:
                reason = (error.message or "").removeprefix(_PREFIX)[:REASON_LIMIT]
                rejected.append(RejectedItem(in_=name, index=index, reason=reason))
        return found

    errors = rows("errors", _last(report.errors, MAX_ERRORS), ReportedError, error_row)
    downloads = rows("downloads", _last(report.downloads, MAX_DOWNLOADS), ReportedDownload, download_row)
    metrics = _metrics(report.metrics, rejected) if report.metrics else {}
    return Items(errors, downloads, metrics, rejected)


def _metrics(given: Mapping[str, Any], rejected: list[RejectedItem]) -> dict[str, float]:
    """Returns the metrics that fit, by name in lower case, and adds the others to what is rejected. Null is absent."""
    found = {}
    for index, (name, value) in enumerate(islice(given.items(), MOST_METRICS)):
        number = _number(value) if isinstance(value, msgspec.Raw) else value
        if number is None:
            continue
        folded = name.lower()
        if not PATTERN.fullmatch(folded):
            reason = f"Expected {NAME_FORM} as the name of a metric - at 'metrics'."
        elif not -MAX_NUMBER <= number <= MAX_NUMBER:
            reason = f"Expected a number from -{MAX_NUMBER} to {MAX_NUMBER} - at 'metrics.{name}'."
        else:
            found[folded] = number
            continue
        rejected.append(RejectedItem(in_="metrics", index=index, reason=reason))
    return found


def _number(text: msgspec.Raw) -> float | None:
    """Returns the number, None for null; NaN for anything else."""
    try:
        return msgspec.json.decode(text, type=float | None)
    except msgspec.DecodeError:
        return math.nan


_PREFIX = "The body does not fit: "


def _converted(item: Any, kind: type[Item], place: str) -> Item:
    try:
        try:
            return msgspec.convert(item, kind)
        except msgspec.ValidationError:
            return msgspec.convert(whole_numbers(item), kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"{_PREFIX}{explain(error, kind, place)}.") from error


def _last(items: Iterable[Any] | None, count: int) -> list[tuple[int, Any]]:
    """Returns the last `count` items of a list, each with its index in the whole list."""
    return list(enumerate(items or ()))[-count:]


def _text(column: str, text: str | None) -> Event:
    """Returns the columns of a text: itself, and folded for comparisons."""
    return {column: text, f"{column}_key": None if text is None else fold(text)}


def _date(text: str, member: str) -> int | None:
    try:
        return datetime.parse(text)
    except ValueError as error:
        raise Invalid(f"{_PREFIX}{error} - at '{member}'.") from error
