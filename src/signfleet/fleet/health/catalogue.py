"""The properties by which the health of devices, and its history, are filtered and sorted."""

from __future__ import annotations

from dataclasses import replace

from signfleet.fleet.devices.catalogue import ALIASES, DEVICES, METRICS
from signfleet.fleet.health.schemas import FilterableHealth, FilterablePeriod
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import device, device_status, health_period

_COLUMNS = replace(
    DEVICES.columns,
    own={
        **DEVICES.columns.own,
        "since": device.c.health_since,
        "lastReport": device_status.c.status_date,
        "reason": device.c.health_reason,
        "reason.code": device.c.health_reason,
        "reason.date": device.c.health_reason_date,
        "reason.subject": device.c.health_reason_subject_key,
        "reason.freePercent": device.c.health_reason_number,
    },
)

HEALTHS = Catalogue(
    [
        *(found for found in DEVICES.properties.values() if found.path != "taggedGroups"),
        *properties_of(FilterableHealth),
    ],
    _COLUMNS,
    entities=("Health", "Device", "Player"),
    aliases={**ALIASES, "health": "status.health", "group": "settings.group"},
    collections={"taggedGroups": "name"},
    numbers=METRICS,
    default_sort="[Device].[Id] ASC",
)
"""The catalogue of /admin/v1/health/: every property of a device, and those of its health."""

CHANGEABLE = Catalogue(
    [*DEVICES.properties.values(), *properties_of(FilterableHealth)],
    _COLUMNS,
    entities=("Device", "Player", "Health"),
    aliases={**ALIASES, "health": "status.health", "group": "settings.group"},
    collections={"taggedGroups": "name"},
    numbers=METRICS,
    default_sort="[Device].[Id] ASC",
)
"""The catalogue by which changes find devices: every property of a device, and those of its health."""

PERIODS = Catalogue(
    properties_of(FilterablePeriod),
    Columns(
        health_period,
        {
            "since": health_period.c.since_date,
            "until": health_period.c.until_date,
            "health": health_period.c.health,
            "reason": health_period.c.reason,
            "reason.code": health_period.c.reason,
            "reason.date": health_period.c.reason_date,
            "reason.subject": health_period.c.reason_subject_key,
            "reason.freePercent": health_period.c.reason_number,
        },
    ),
    entities=("HealthPeriod",),
    default_sort="[HealthPeriod].[Until] DESC",
)
"""The catalogue of /admin/v1/health/{device}/periods/."""
