"""The few properties of a player that a list shows, read from its entity."""

from __future__ import annotations

import msgspec

from signfleet.foundation.wire import datetime


class _Named(msgspec.Struct, frozen=True):
    name: str | None = None


class _Settings(msgspec.Struct, frozen=True):
    name: str | None = None
    group: _Named | None = None


class _Status(msgspec.Struct, rename="camel"):
    health: str | None = None
    last_modified_date: str | None = None


class LeanPlayer(msgspec.Struct):
    id: int
    serial: str
    model: str | None = None
    settings: _Settings = _Settings()
    status: _Status | None = None

    @property
    def health(self) -> str:
        return (self.status.health if self.status is not None else None) or "Unknown"

    @property
    def last_report(self) -> int | None:
        """Returns the date of the last report in ms."""
        date = self.status.last_modified_date if self.status is not None else None
        return None if date is None else datetime.parse(date)
