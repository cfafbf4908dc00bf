"""The Network entity with its settings and subscription."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.types import DateTime, Id, TimeSpan

Level = Literal["Control", "Content", "Trial"]

QUARTER_HOUR: Final = "00:15:00"
DAY: Final = "1.00:00:00"
TWO_YEARS: Final = "730.00:00:00"


class NetworkSettings(msgspec.Struct, rename="camel", kw_only=True):
    """Time spans and dates are the wire's text."""

    user_access_token_lifetime: TimeSpan = QUARTER_HOUR
    user_refresh_token_lifetime: TimeSpan = DAY
    device_access_token_lifetime: TimeSpan = QUARTER_HOUR
    device_refresh_token_lifetime: TimeSpan = TWO_YEARS
    device_registration_token_lifetime: TimeSpan = TWO_YEARS
    automatic_tagged_playlist_approval_enabled: bool = False
    last_modified_date: DateTime | None = None


class NetworkSubscription(msgspec.Struct, rename="camel", kw_only=True):
    """What a network has taken out; one record per level, the newest in force."""

    id: Id
    level: str
    creation_date: DateTime
    last_modified_date: DateTime
    expire_date: DateTime | None


class NewLevel(msgspec.Struct):
    """What a client may choose of the first subscription: `Trial`, or `Control`, which null means, too."""

    level: Level | None = None


class NewNetwork(msgspec.Struct, rename="camel"):
    """A network to be. Everything else the wire shows of one is made by the server."""

    name: str
    settings: NetworkSettings | None = None
    subscription: NewLevel | None = None


class Network(msgspec.Struct, rename="camel", kw_only=True):
    """A tenant."""

    id: Id
    name: str
    creation_date: DateTime
    last_modified_date: DateTime
    lockout_date: DateTime | None
    is_locked_out: bool
    last_lockout_date: DateTime | None
    settings: NetworkSettings
    subscription: NetworkSubscription | None


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


def settings_of(row: Row) -> NetworkSettings:
    return NetworkSettings(
        user_access_token_lifetime=timespan.format(row.user_access_token_lifetime),
        user_refresh_token_lifetime=timespan.format(row.user_refresh_token_lifetime),
        device_access_token_lifetime=timespan.format(row.device_access_token_lifetime),
        device_refresh_token_lifetime=timespan.format(row.device_refresh_token_lifetime),
        device_registration_token_lifetime=timespan.format(row.device_registration_token_lifetime),
        automatic_tagged_playlist_approval_enabled=bool(row.automatic_tagged_playlist_approval_enabled),
        last_modified_date=datetime.format(row.settings_last_modified_date),
    )


def subscription_of(row: Row) -> NetworkSubscription:
    """The entity of a row of `network_subscription`, or of a network with its subscription's columns."""
    return NetworkSubscription(
        id=row.subscription_id,
        level=row.level,
        creation_date=datetime.format(row.subscription_creation_date),
        last_modified_date=datetime.format(row.subscription_last_modified_date),
        expire_date=_date(row.expire_date),
    )


def network_of(row: Row) -> Network:
    return Network(
        id=row.id,
        name=row.name,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        lockout_date=_date(row.lockout_date),
        is_locked_out=bool(row.is_locked_out),
        last_lockout_date=_date(row.last_lockout_date),
        settings=settings_of(row),
        subscription=None if row.subscription_id is None else subscription_of(row),
    )


def last_change(row: Row) -> int:
    """When anything of the Network entity changed last, in ms: each of its parts has a date of its own."""
    dates = (row.last_modified_date, row.settings_last_modified_date, row.subscription_last_modified_date)
    return max(int(date) for date in dates if date is not None)
