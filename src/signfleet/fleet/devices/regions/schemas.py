"""The Players Region entity."""

from __future__ import annotations

import msgspec

from signfleet.fleet.devices.schemas import Entity
from signfleet.foundation.wire.types import Health


class PlayersRegion(Entity):
    """A place and its devices; the coordinates, in degrees, are the box around all devices there."""

    country: str | None
    country_long_name: str | None
    admin_area_level1: str | None
    admin_area_level1_long_name: str | None
    admin_area_level2: str | None
    admin_area_level2_long_name: str | None
    locality: str | None
    locality_long_name: str | None
    min_gps_latitude: float | None = msgspec.field(name="minGPSLatitude")
    max_gps_latitude: float | None = msgspec.field(name="maxGPSLatitude")
    min_gps_longitude: float | None = msgspec.field(name="minGPSLongitude")
    max_gps_longitude: float | None = msgspec.field(name="maxGPSLongitude")
    devices_count: int
    devices_health_status: list[Health]
    location_path: str
