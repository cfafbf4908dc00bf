"""The Network entity with its settings and subscription."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.types import DateTime, Id, TimeSpan
from signfleet.identity.networks.store import NetworkRow, SettingsRow, SubscriptionRow

Level = Literal["Control", "Content", "Trial"]

QUARTER_HOUR: Final = "00:15:00"
DAY: Final = "1.00:00:00"
TWO_YEARS: Final = "730.00:00:00"


class NetworkSettings(msgspec.Struct, rename="camel", kw_only=True):
    """The settings of a network. Time spans and dates are text, as JSON has them."""

    user_access_token_lifetime: TimeSpan = QUARTER_HOUR
    user_refresh_token_lifetime: TimeSpan = DAY
    device_access_token_lifetime: TimeSpan = QUARTER_HOUR
    device_refresh_token_lifetime: TimeSpan = TWO_YEARS
    device_registration_token_lifetime: TimeSpan = TWO_YEARS
    automatic_tagged_playlist_approval_enabled: bool = False
    last_modified_date: DateTime | None = None


class NetworkSubscription(msgspec.Struct, rename="camel", kw_only=True):
    """A level that a network has or had: one record for each change, the newest in force."""

    id: Id
    level: str
    creation_date: DateTime
    last_modified_date: DateTime
    expire_date: DateTime | None


class NewLevel(msgspec.Struct):
    """What a client may choose of the first subscription: `Trial`, or `Control`, which null means, too."""

    level: Level | None = None


class NewNetwork(msgspec.Struct, rename="camel"):
    """The body that creates a network. The server sets all other members of a Network entity."""

    name: str
    settings: NetworkSettings | None = None
    subscription: NewLevel | None = None


class NamedNetwork(msgspec.Struct):
    """The name of a network: up to 30 characters, and unique in any letter case."""

    name: str


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


def settings_of(row: SettingsRow) -> NetworkSettings:
    return NetworkSettings(
        user_access_token_lifetime=timespan.format(row.user_access_token_lifetime),
        user_refresh_token_lifetime=timespan.format(row.user_refresh_token_lifetime),
        device_access_token_lifetime=timespan.format(row.device_access_token_lifetime),
        device_refresh_token_lifetime=timespan.format(row.device_refresh_token_lifetime),
        device_registration_token_lifetime=timespan.format(row.device_registration_token_lifetime),
        automatic_tagged_playlist_approval_enabled=bool(row.automatic_tagged_playlist_approval_enabled),
        last_modified_date=datetime.format(row.settings_last_modified_date),
    )


def subscription_of(row: SubscriptionRow) -> NetworkSubscription:
    return NetworkSubscription(
        id=row.subscription_id,
        level=row.level,
        creation_date=datetime.format(row.subscription_creation_date),
        last_modified_date=datetime.format(row.subscription_last_modified_date),
        expire_date=_date(row.expire_date),
    )


def network_of(row: NetworkRow) -> Network:
    return Network(
        id=row.id,
        name=row.name,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        lockout_date=_date(row.lockout_date),
        is_locked_out=bool(row.is_locked_out),
        last_lockout_date=_date(row.last_lockout_date),
        settings=settings_of(row),
        subscription=subscription_of(row),
    )


def last_change(row: NetworkRow) -> int:
    """Returns when any part of the Network entity changed last, in ms: each part has a date of its own."""
    return max(row.last_modified_date, row.settings_last_modified_date, row.subscription_last_modified_date)
