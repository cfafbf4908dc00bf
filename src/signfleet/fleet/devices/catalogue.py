"""The properties of devices that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.devices.metrics.names import PATTERN
from signfleet.fleet.devices.models.models import KNOWN_MODELS
from signfleet.fleet.devices.schemas import Player
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns, Flat
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import device, device_metrics, device_properties, device_status, device_text

#: Properties sorted by collation: names that people give or read (the device's own has a column), and versions.
_COLLATED = frozenset(
    {
        "settings.description",
        "settings.group.name",
        "settings.brightWall.name",
        *(f"settings.location.{place}" for place in ("country", "adminAreaLevel1", "adminAreaLevel2", "locality")),
        *(
            f"settings.location.{place}LongName"
            for place in ("country", "adminAreaLevel1", "adminAreaLevel2", "locality", "path")
        ),
        *(f"status.{part}.name" for part in ("group", "brightWall", "presentation")),
        *(f"status.{part}.version" for part in ("firmware", "script")),
    }
)

#: Other names of properties, as the contract's older clients spell them.
ALIASES = {
    "name": "settings.name",
    "description": "settings.description",
    "concatnameandserial": "settings.concatNameAndSerial",
    "concatunitnameandserial": "settings.concatNameAndSerial",
    "settings.concatunitnameandserial": "settings.concatNameAndSerial",
    "healthstatus": "status.health",
    "targetgroup": "settings.group",
    "reportedgroup": "status.group",
    "firmwareversion": "status.firmware.version",
    "targettimezone": "settings.timezone",
    "reportedtimezone": "status.timezone",
    "uptime": "status.uptime",
    "currentsubscription": "subscription",
    "currentsubscription.deviceid": "subscription.device.id",
}

#: The members below which players name numbers.
METRICS = {"metrics": PATTERN}

DEVICES = Catalogue(
    properties_of(Player, {"model": KNOWN_MODELS}),
    Columns(
        device,
        {
            "id": device.c.id,
            "serial": device.c.serial_key,
            "model": device.c.model_key,
            "family": device.c.family,
            "registrationDate": device.c.registration_date,
            "lastModifiedDate": device.c.last_modified_date,
            "settings.name": device.c.name_key,
            "settings.group": device.c.group_id,
            "settings.group.id": device.c.group_id,
            "settings.location.gpsLatitude": device.c.gps_latitude,
            "settings.location.gpsLongitude": device.c.gps_longitude,
            "settings.location.path": device.c.location_key,
            "status": device_status.c.status_date,
            "status.health": device.c.health,
            "status.lastModifiedDate": device_status.c.status_date,
        },
        order={"settings.name": device.c.name_order},
        ordered=_COLLATED,
        flat=Flat(device_properties.c.properties, device_properties.c.device_id),
        apart={
            "status": Flat(device_status.c.properties, device_status.c.device_id),
            "metrics": Flat(device_metrics.c.properties, device_metrics.c.device_id, is_optional=True),
        },
        searched={
            "settings.name": device_text.c.name_key,
            "settings.description": device_text.c.description_key,
            "serial": device_text.c.serial_key,
        },
        by_id=next(index for index in device.indexes if index.name == "ix_device_sorted"),
        tag_owner=device.c.id,
    ),
    entities=("Device", "Player"),
    aliases=ALIASES,
    collections={"taggedGroups": "name"},
    numbers=METRICS,
    default_sort="[Device].[Id] ASC",
)
"""The catalogue of /Devices/."""
