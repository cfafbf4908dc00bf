"""Creates the device of a player that registers: its settings come from what the player sends, and from defaults."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.document import identity
from signfleet.fleet.devices.location import store_place
from signfleet.fleet.devices.models.models import family_of
from signfleet.fleet.devices.schemas import (
    DeviceNetworkSettings,
    GroupReference,
    InterfaceSettings,
    Location,
    PlayerSettings,
    ScreenshotSettings,
)
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import format as format_date
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of a device when it registers. `location` has its derived names and paths already."""

    serial: str
    model: str
    name: str
    group_id: int
    group_name: str
    timezone: str | None = None
    description: str | None = None
    location: Location | None = None


def default_settings(new: NewDevice, now: int) -> PlayerSettings:
    """Returns the settings that a device starts with."""
    return PlayerSettings(
        name=new.name,
        description=new.description,
        last_modified_date=format_date(now),
        group=GroupReference(id=new.group_id, name=new.group_name),
        timezone=new.timezone,
        network=DeviceNetworkSettings(
            hostname=f"brightsign-{new.serial}",
            interfaces=[InterfaceSettings(name="eth0", type="Ethernet", proto="DHCPv4")],
        ),
        location=new.location,
        screenshots=ScreenshotSettings(interval="00:15:00"),
    )


async def create(tx: Transaction, network_id: int, new: NewDevice, now: int) -> int:
    """Inserts a device and returns its id. Raises `Duplicate` if any network has a device of this serial."""
    device_id = await tx.next_id("device")
    settings = default_settings(new, now)
    document: dict[str, Any] = {"settings": msgspec.to_builtins(settings), "taggedGroups": []}
    await tx.execute(
        queries.INSERT_DEVICE,
        network_id=network_id,
        id=device_id,
        serial=new.serial,
        serial_key=fold(new.serial),
        model=new.model,
        model_key=fold(new.model),
        family=family_of(new.model),
        registration_date=now,
        last_modified_date=now,
        changed_date=now,
        version=1,
        name_key=fold(new.name),
        name_order=order_key(new.name),
        group_id=new.group_id,
        health="Unknown",
        health_since=now,
        health_reason="neverReported",
        gps_latitude=new.location.gps_latitude if new.location else None,
        gps_longitude=new.location.gps_longitude if new.location else None,
        location_key=await store_place(tx, network_id, new.location),
    )
    await tx.execute(
        queries.INSERT_DOCUMENT,
        network_id=network_id,
        device_id=device_id,
        identity=identity(
            id_=device_id,
            serial=new.serial,
            model=new.model,
            family=family_of(new.model),
            registration_date=now,
            last_modified_date=now,
        ),
        settings=encode(settings).decode(),
        subscription=None,
        tagged_groups="[]",
        tags="{}",
        permissions="[]",
        managed="[]",
    )
    await _insert_status(tx, network_id, device_id, now)
    await tx.execute(
        queries.INSERT_PROPERTIES,
        network_id=network_id,
        device_id=device_id,
        properties=encode(DEVICES.flatten(document)).decode(),
    )
    if new.description is not None:
        key = {"in_network": network_id, "of_device": device_id}
        await tx.execute(queries.SET_DESCRIPTION, **key, new_description_key=fold(new.description))
    await counters.add(tx, network_id, "Device", 1)
    return device_id


async def _insert_status(tx: Transaction, network_id: int, device_id: int, now: int) -> None:
    """Inserts the row that the reports of a new device update."""
    await tx.execute(
        queries.INSERT_STATUS,
        network_id=network_id,
        device_id=device_id,
        report_sequence=0,
        changed_date=now,
        status_date=None,
        health_due_date=None,
        status=None,
        properties="{}",
    )
