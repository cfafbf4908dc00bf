"""Puts devices into a store as the contract's examples show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from signfleet.devices import store as queries
from signfleet.devices.documents import identity, status_end
from signfleet.devices.registration import NewDevice, create
from signfleet.expressions.catalogues import DEVICES
from signfleet.storage import totals
from signfleet.storage.interface import Store, Transaction
from signfleet.wire import datetime
from signfleet.wire.text import fold

EXAMPLES = Path(__file__).parents[1] / "contract" / "examples"


def example(name: str) -> Any:
    """The JSON of an example of the contract."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def store_player(store: Store, network_id: int, player: dict[str, Any], *, version: int = 1) -> None:
    """Store a Player entity just as it is, with all its dates and ids."""
    settings, status = player["settings"], player["status"]
    modified = datetime.parse(player["lastModifiedDate"]) or 0
    reported = datetime.parse(status["lastModifiedDate"]) if status else None
    said = {name: value for name, value in (status or {}).items() if name not in ("health", "lastModifiedDate")}

    async def work(tx: Transaction) -> None:
        key = {"network_id": network_id}
        await tx.execute(
            queries.INSERT_DEVICE,
            **key,
            id=player["id"],
            serial=player["serial"],
            serial_key=fold(player["serial"]),
            model=player["model"],
            model_key=fold(player["model"]),
            family=player["family"],
            registration_date=datetime.parse(player["registrationDate"]),
            last_modified_date=modified,
            version=version,
            name_key=fold(settings["name"]),
            group_id=settings["group"]["id"],
            health=status["health"] if status else "Unknown",
            health_due_date=None,
            status_date=reported,
            changed_date=max(modified, reported or 0),
            report_sequence=0,
            gps_latitude=settings["location"]["gpsLatitude"],
            gps_longitude=settings["location"]["gpsLongitude"],
            location_key=fold(settings["location"]["path"]),
        )
        await tx.execute(
            queries.INSERT_DOCUMENT,
            **key,
            device_id=player["id"],
            identity=identity(
                id_=player["id"],
                serial=player["serial"],
                model=player["model"],
                family=player["family"],
                registration_date=datetime.parse(player["registrationDate"]) or 0,
                last_modified_date=modified,
            ),
            settings=compact(settings),
            status=compact(said)[:-1] if status else None,
            status_end=status_end(status["health"], reported or 0) if status else None,
            subscription=compact(player["subscription"]) if player["subscription"] else None,
            tagged_groups=compact(player["taggedGroups"]),
            tags=compact(player["tags"]),
            permissions=compact(player["permissions"]),
        )
        await tx.execute(
            queries.INSERT_PROPERTIES, **key, device_id=player["id"], properties=compact(DEVICES.flatten(player))
        )
        await totals.add(tx, network_id, "Device", 1)

    await store.write(work)


async def register(store: Store, network_id: int, serials: Iterable[str], **known: Any) -> list[int]:
    """Register a device for each serial; returns their ids."""
    now = known.pop("now", datetime.parse("2024-03-13T16:29:11.983Z"))

    async def work(tx: Transaction) -> list[int]:
        return [
            await create(
                tx,
                network_id,
                NewDevice(
                    **{"serial": serial, "model": "HD1024", "name": serial, "group_id": 1, "group_name": "Default"}
                    | known
                ),
                now,
            )
            for serial in serials
        ]

    return await store.write(work)
