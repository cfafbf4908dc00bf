"""The entities of health beside the contract's: reason, date, uptime, history."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.fleet.devices.agent.schemas import SettingsState
from signfleet.fleet.devices.schemas import Entity
from signfleet.fleet.health.rules import ReasonCode
from signfleet.foundation.blobs.looks import Look
from signfleet.foundation.wire.types import DateTime, Health, Id, TimeSpan
from signfleet.web.contract.paging import PagedList


class HealthReason(Entity, kw_only=True):
    """Why a health is not Normal.

    `date` is the last report's if the device is silent, or the error's; `subject` is the storage or the error;
    `freePercent` is what is free of the storage.
    """

    code: ReasonCode
    date: DateTime | None = None
    subject: str | None = None
    free_percent: float | None = None


class WordedReason(HealthReason, kw_only=True):
    """A reason, with the same in a few English words."""

    text: str


class HealthGroup(Entity):
    """The group a device is in."""

    id: Id
    name: str


class HealthPicture(Entity):
    """The last picture of a device; the link leads to its thumbnail.

    `look` compares it with the one before: `changed`, `same` or `black`; null if there is none before, or the picture
    is older than this comparison.
    """

    date: DateTime
    link: str
    look: Look | None


class DeviceHealth(Entity):
    """The health of a device, why and since when, and whether its player has applied the present settings.

    `picture` is null for callers who may not view it.
    """

    id: Id
    serial: str
    name: str
    model: str
    group: HealthGroup
    health: Health
    reason: WordedReason | None
    since: DateTime
    last_report: DateTime | None
    picture: HealthPicture | None
    settings: SettingsState


class Uptime(Entity):
    """How long a device was in each health; `percent` is the share without Error, null if nothing is known."""

    percent: Annotated[float, Meta(ge=0, le=100)] | None
    normal: TimeSpan
    warning: TimeSpan
    error: TimeSpan


class Uptimes(Entity):
    """The uptime over the last day, week and 30 days."""

    day: Uptime
    week: Uptime
    month: Uptime


class DeviceHealthDetails(DeviceHealth):
    """The health of a device, with its uptime."""

    uptime: Uptimes


class HealthPeriod(Entity):
    """A time in which a device had one health; the next period or the present health begins where it ends."""

    since: DateTime
    until: DateTime
    health: Health
    reason: WordedReason | None


class DeviceHealthPage(PagedList):
    """A PagedList of the health of devices."""

    items: list[DeviceHealth]


class HealthPeriodPage(PagedList):
    """A PagedList of the periods of a device."""

    items: list[HealthPeriod]


class FilterableHealth(msgspec.Struct, rename="camel"):
    """What filters and sorts of health know besides the properties of devices."""

    since: DateTime
    last_report: DateTime | None
    reason: HealthReason | None


class FilterablePeriod(msgspec.Struct, rename="camel"):
    """What filters and sorts of periods know."""

    since: DateTime
    until: DateTime
    health: Health
    reason: HealthReason | None


class HealthRules(Entity):
    """The limits of health in a network; what is left out has its default.

    A device is late (Warning) or silent (Error) after so many periods without a report, and after so long at least.
    Storages are nearly full (Warning) or full (Error) with less than so many percent free. An error counts as a
    Warning for `errorMemory`. `suspendedSubscription` is the health of devices with a suspended subscription.
    """

    late_reports: Annotated[int, Meta(ge=1, le=1000)] = 2
    late_after: TimeSpan = "00:10:00"
    silent_reports: Annotated[int, Meta(ge=1, le=1000)] = 3
    silent_after: TimeSpan = "00:15:00"
    nearly_full_percent: Annotated[float, Meta(ge=0, le=100)] = 5
    full_percent: Annotated[float, Meta(ge=0, le=100)] = 1
    error_memory: TimeSpan = "01:00:00"
    suspended_subscription: Literal["Normal", "Warning", "Error"] = "Normal"


class HealthCounts(Entity):
    """How many devices have each health."""

    normal: int = 0
    warning: int = 0
    error: int = 0
    unknown: int = 0


class UptimeShares(Entity):
    """The share without Error of the time of all devices, in percent; null if nothing is known."""

    day: float | None
    week: float | None
    month: float | None


class GroupOverview(Entity):
    """The devices of a group. `uptime` is null for callers who may not see all devices."""

    id: Id
    name: str
    devices: int
    health: HealthCounts
    uptime: UptimeShares | None


class ModelOverview(Entity):
    """The devices of a model."""

    model: str
    devices: int
    health: HealthCounts


class RegionOverview(Entity):
    """The devices at a place."""

    location_path: str
    country_long_name: str | None
    admin_area_level1_long_name: str | None
    admin_area_level2_long_name: str | None
    locality_long_name: str | None
    devices: int
    health: HealthCounts


class Overview(Entity):
    """The devices that the caller may see, by health: in total, of each group and of each model.

    `uptime` is null for callers who may not see all devices.
    """

    devices: int
    health: HealthCounts
    uptime: UptimeShares | None
    groups: list[GroupOverview]
    models: list[ModelOverview]
