"""Reads what the rules of health need from a device's stored documents."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import msgspec

from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.fleet.health.rules import (
    DEFAULT_PERIOD,
    DEFAULTS,
    Concern,
    Limits,
    Reason,
    evaluate_storages,
    evaluate_subscription,
)
from signfleet.foundation.wire import timespan


class _Period(msgspec.Struct):
    period: str | None = None


class _Synchronization(msgspec.Struct):
    status: _Period | None = None


class _Settings(msgspec.Struct):
    synchronization: _Synchronization | None = None


class _Status(msgspec.Struct):
    storage: list[StorageStatus] | None = None


class _Subscription(msgspec.Struct):
    status: str = ""


_read_settings = msgspec.json.Decoder(_Settings).decode
_read_status = msgspec.json.Decoder(_Status).decode
_read_subscription = msgspec.json.Decoder(_Subscription).decode


class Inputs(Protocol):
    """What a query reads of a device for its health."""

    #: JSON
    settings: str
    #: JSON; null before the first report
    status: str | None
    #: JSON; null where the network ignores it
    counted_subscription: str | None
    #: ms
    last_error: int | None
    last_error_name: str | None
    #: JSON of `rules.Limits`; null for the defaults
    limits: str | None


def period(settings: str) -> int:
    """Returns how often a device with these settings (JSON) should report, in ms."""
    synchronization = _read_settings(settings).synchronization
    status = None if synchronization is None else synchronization.status
    text = None if status is None else status.period
    return (timespan.parse(text) if text else 0) or DEFAULT_PERIOD


@lru_cache(1024)
def read_limits(document: str | None) -> Limits:
    """Returns the limits of a network from `health_rules.limits`."""
    return DEFAULTS if document is None else msgspec.json.decode(document, type=Limits)


def last_error(row: Inputs) -> Reason | None:
    """Returns the last stored error of a device as a reason."""
    if row.last_error is None:
        return None
    return Reason("deviceError", row.last_error, row.last_error_name)


def concerns(row: Inputs, limits: Limits, storages: list[StorageStatus] | None = None) -> list[Concern]:
    """Returns what counts until the next report: about the `storages` of a new status, else of the stored one."""
    if storages is None and row.status is not None:
        storages = _read_status(row.status).storage
    text = row.counted_subscription
    is_suspended = text is not None and _read_subscription(text).status == "Suspended"
    return [*evaluate_storages(storages, limits), *evaluate_subscription(is_suspended=is_suspended, limits=limits)]
