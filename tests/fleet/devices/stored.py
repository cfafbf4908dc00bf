"""Puts devices into a store as the contract's examples show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.document import identity, status_json
from signfleet.fleet.devices.registration import NewDevice, create
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_download, device_error, screenshot
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold
from tests.examples import FOLDER as EXAMPLES


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
    own_status = {name: value for name, value in (status or {}).items() if name not in ("health", "lastModifiedDate")}

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
            name_order=order_key(settings["name"]),
            group_id=settings["group"]["id"],
            health=status["health"] if status else "Unknown",
            health_since=reported or 0,
            health_reason=None,
            changed_date=modified,
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
            subscription=compact(player["subscription"]) if player["subscription"] else None,
            tagged_groups=compact(player["taggedGroups"]),
            tags=compact(player["tags"]),
            permissions=compact(player["permissions"]),
            managed="[]",
        )
        await tx.execute(
            queries.INSERT_STATUS,
            **key,
            device_id=player["id"],
            report_sequence=0,
            changed_date=reported or 0,
            status_date=reported,
            health_due_date=None,
            status=status_json(compact(own_status)[:-1], status["health"], reported or 0) if status else None,
            properties=compact(DEVICES.flatten({"status": status})),
        )
        rest = {name: value for name, value in player.items() if name != "status"}
        await tx.execute(
            queries.INSERT_PROPERTIES, **key, device_id=player["id"], properties=compact(DEVICES.flatten(rest))
        )
        if settings["description"] is not None:
            key = {"in_network": network_id, "of_device": player["id"]}
            await tx.execute(queries.SET_DESCRIPTION, **key, new_description_key=fold(settings["description"]))
        await counters.add(tx, network_id, "Device", 1)

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


def keyed(**texts: str | None) -> dict[str, str | None]:
    """Texts with the folded twins that they are compared by."""
    return texts | {f"{name}_key": None if text is None else fold(text) for name, text in texts.items()}


async def store_errors(store: Store, network_id: int, device_id: int, errors: Iterable[dict[str, Any]]) -> None:
    """Store Player Error entities just as they are."""
    rows = [
        {
            "network_id": network_id,
            "device_id": device_id,
            "id": number,
            "timestamp": datetime.parse(error["timestamp"]),
            "response_code": error["responseCode"],
            "count": 1,
            **keyed(name=error["errorName"], event=error["errorEvent"], reason=error["reason"]),
        }
        for number, error in enumerate(errors, 1)
    ]
    await store.write(lambda tx: tx.execute_many(Query(device_error.insert()), rows))


async def store_downloads(store: Store, network_id: int, device_id: int, downloads: Iterable[dict[str, Any]]) -> None:
    """Store Player Download entities just as they are."""
    rows = [
        {
            "network_id": network_id,
            "device_id": device_id,
            "id": number,
            "timestamp": datetime.parse(download["timestamp"]),
            "progress": download["progress"],
            **keyed(file_name=download["fileName"], file_hash=download["fileHash"], status=download["status"]),
        }
        for number, download in enumerate(downloads, 1)
    ]
    await store.write(lambda tx: tx.execute_many(Query(device_download.insert()), rows))


async def store_screenshots(store: Store, network_id: int, pictures: Iterable[dict[str, Any]]) -> None:
    """Store ScreenShot entities just as they are, but for the names of their files: `{id}.jpg`, `{id}.thumb.jpg`."""
    rows = [
        {
            "network_id": network_id,
            "id": picture["id"],
            "device_id": picture["device"]["id"],
            "utc_timestamp": datetime.parse(picture["utcTimestamp"]),
            "sent_timestamp": datetime.parse(picture["utcTimestamp"]),
            "arrival_date": datetime.parse(picture["utcTimestamp"]),
            "local_timestamp": datetime.parse(picture["localTimestamp"]),
            "width": picture["width"],
            "height": picture["height"],
            "file_size": picture["fileSize"],
            "blob": f"screenshots/{network_id}/{picture['id']}.jpg",
            "thumbnail": f"screenshots/{network_id}/{picture['id']}.thumb.jpg",
            "grid": None,
            "look": None,
            "group_name_order": picture["groupName"] and order_key(picture["groupName"]),
            "presentation_name_order": picture["presentationName"] and order_key(picture["presentationName"]),
            **keyed(
                serial=picture["device"]["serial"],
                group_name=picture["groupName"],
                presentation_name=picture["presentationName"],
            ),
        }
        for picture in pictures
    ]
    await store.write(lambda tx: tx.execute_many(Query(screenshot.insert()), rows))
