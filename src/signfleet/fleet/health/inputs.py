"""Reads what the rules of health need from a device's stored documents."""

from __future__ import annotations

import msgspec

from signfleet.fleet.devices.document import reported_status
from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.fleet.health.rules import DEFAULT_PERIOD, evaluate_storage
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.types import Health


class _Period(msgspec.Struct):
    period: str | None = None


class _Synchronization(msgspec.Struct):
    status: _Period | None = None


class _Settings(msgspec.Struct):
    synchronization: _Synchronization | None = None


class _Status(msgspec.Struct):
    storage: list[StorageStatus] | None = None


_read_settings = msgspec.json.Decoder(_Settings).decode
_read_status = msgspec.json.Decoder(_Status).decode


def period(settings: str) -> int:
    """Returns how often a device with these settings (JSON) should report, in ms."""
    synchronization = _read_settings(settings).synchronization
    status = None if synchronization is None else synchronization.status
    text = None if status is None else status.period
    return (timespan.parse(text) if text else 0) or DEFAULT_PERIOD


def storage_health(status: str | None) -> Health:
    """Returns the health of the storages of a status, given as in `device_document.status`."""
    return evaluate_storage(None if status is None else _read_status(reported_status(status)).storage)
