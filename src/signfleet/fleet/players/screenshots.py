"""Stores pictures of players' screens with thumbnails, and deletes the oldest beyond the limits."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec

from signfleet.fleet.devices.retention.service import adopt_files, discard_files, reserve_files
from signfleet.fleet.devices.schemas import ScreenshotSettings
from signfleet.fleet.devices.screenshots.store import GRID_BEFORE
from signfleet.fleet.players import clock
from signfleet.fleet.players import store as queries
from signfleet.fleet.players.schemas import ScreenshotAnswer
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.blobs.looks import look
from signfleet.foundation.blobs.pictures import SUFFIXES, Pictures
from signfleet.foundation.errors import Invalid, Unauthenticated
from signfleet.foundation.quotas import QuotaReached
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime, timespan, zones
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold
from signfleet.notify.events import kinds, recording

MEGABYTE = 1_000_000
#: At most this many old pictures of a device are deleted for a new one.
AT_ONCE = 100
#: Later than every date, in ms.
FAR = 2**62
#: How far a picture's time stamp may be ahead of the server's clock, in ms.
AHEAD = timespan.DAY
NAME_LIMIT = 128
#: How many pictures of a device are stored if its settings do not say.
COUNT_LIMIT = 5


class _Named(msgspec.Struct):
    name: str | None = None


class _Settings(msgspec.Struct):
    """The members of a device's settings that pictures need."""

    timezone: str | None = None
    group: _Named | None = None
    screenshots: ScreenshotSettings | None = None


class _Status(msgspec.Struct):
    """The members of a device's status that pictures need."""

    timezone: str | None = None
    group: _Named | None = None
    presentation: _Named | None = None


class Upload(NamedTuple):
    """A picture as the player sends it, with its dates by the player's clock and the names that the player states."""

    timestamp: str
    content: bytes
    group: str | None
    presentation: str | None
    sent_at: str | None = None


_read_settings = msgspec.json.Decoder(_Settings).decode
_read_status = msgspec.json.Decoder(_Status).decode


def folder(network_id: int, device_id: int) -> str:
    """Returns the folder of a device's pictures."""
    return f"screenshots/{network_id}/{device_id}"


class Screenshots:
    """Stores uploaded pictures."""

    def __init__(self, store: Store, blobs: Blobs, pictures: Pictures, bytes_per_network: int) -> None:
        self._bytes_per_network = bytes_per_network
        self._store = store
        self._blobs = blobs
        self._pictures = pictures

    async def receive(self, network_id: int, device_id: int, upload: Upload, now: int) -> tuple[ScreenshotAnswer, bool]:
        """Stores a picture and returns whether it is new: a device has one per moment, which a repeat does not change.

        Raises `Invalid` for a wrong time stamp and for content that is no picture, `TooLarge` for too big a picture,
        and `QuotaReached` if the network's bytes are used up.
        """
        keys = {"network_id": network_id, "device_id": device_id}
        _check_names(upload)
        stamp = _stamp(upload, now)
        moment = stamp.moment
        same = {**keys, "sent": stamp.sent, "earliest": stamp.earliest, "latest": stamp.latest}
        known = await self._store.one(queries.SCREENSHOT_OF_MOMENT, **same)
        if known is not None:
            return _answer(known), False
        picture = await self._pictures.examine(upload.content, device_id)
        # Every attempt has file names of its own, so that one of two at once cannot delete the other's files.
        stem = f"{folder(network_id, device_id)}/{moment}-{secrets.token_hex(4)}"
        blob, thumbnail = f"{stem}.{SUFFIXES[picture.media_type]}", f"{stem}.thumb.150x150.jpg"

        async def expect(tx: Transaction) -> None:
            await reserve_files(tx, (blob, thumbnail), now)

        async def insert(tx: Transaction) -> tuple[ScreenshotAnswer, bool]:
            device = await tx.one(queries.LOCK_SCREENSHOT_DEVICE, **keys)
            if device is None:
                raise Unauthenticated("This device was deleted; register again.")
            known = await tx.one(queries.SCREENSHOT_OF_MOMENT, **same)
            if known is not None:
                return _answer(known), False
            await adopt_files(tx, (blob, thumbnail))
            settings = _read_settings(device.settings)
            row: dict[str, Any] = {
                **keys,
                "id": await tx.next_id("screenshot"),
                "serial": device.serial,
                "serial_key": device.serial_key,
                "utc_timestamp": moment,
                "sent_timestamp": stamp.sent,
                "arrival_date": now,
                "width": picture.width,
                "height": picture.height,
                "file_size": len(upload.content),
                "blob": blob,
                "thumbnail": thumbnail,
                **await _compared(tx, picture.grid, moment=moment, **keys),
                **_shown(upload, settings, device.status, moment),
            }
            await tx.execute(queries.INSERT_SCREENSHOT, **row)
            limit = settings.screenshots.count_limit if settings.screenshots else COUNT_LIMIT
            await self._make_room(tx, row, max(limit, 1))
            event = recording.Event(kinds.ScreenshotReceived(screenshot_id=row["id"]), device_id, device.serial)
            await recording.record(tx, network_id, event, now=now)
            return ScreenshotAnswer(**{name: row[name] for name in ScreenshotAnswer.__struct_fields__}), True

        # The files are announced before they are written, and needed from the commit of the row on: whatever happens in
        # between, the retention sweep deletes them unless the row is stored.
        await self._store.write(expect)
        await self._blobs.put(blob, upload.content)
        await self._blobs.put(thumbnail, picture.thumbnail)
        return await self._store.write(insert)

    async def _make_room(self, tx: Transaction, new: dict[str, Any], count: int) -> None:
        """Deletes the device's oldest pictures, by arrival, beyond `count` and beyond the network's bytes."""
        keys = {"network_id": new["network_id"], "device_id": new["device_id"]}
        surplus = await tx.all(queries.SURPLUS_SCREENSHOTS, **keys, count=count)
        total = await tx.one(counters.TOTAL, network_id=new["network_id"], entity=counters.PICTURE_BYTES)
        excess = (total.total if total else 0) + new["file_size"] - self._bytes_per_network
        excess -= sum(old.file_size for old in surplus)
        if excess > 0:
            gone = {old.id for old in surplus}
            for old in await tx.all(queries.OLDEST_SCREENSHOTS, **keys, new=new["id"], limit=AT_ONCE):
                if excess <= 0:
                    break
                if old.id not in gone:
                    surplus.append(old)
                    excess -= old.file_size
        if surplus:
            ids = [old.id for old in surplus]
            await tx.execute(queries.DELETE_SCREENSHOTS, in_network=new["network_id"], ids=ids)
            await discard_files(tx, [name for old in surplus for name in (old.blob, old.thumbnail)])
        change = new["file_size"] - sum(old.file_size for old in surplus)
        # Lock order: screenshots before the counter, to avoid a deadlock.
        await counters.add(tx, new["network_id"], counters.PICTURE_BYTES, change)
        total = await tx.one(counters.TOTAL, network_id=new["network_id"], entity=counters.PICTURE_BYTES)
        if change > 0 and total is not None and total.total > self._bytes_per_network:
            raise QuotaReached(
                f"The pictures of this network take up the {self._bytes_per_network // MEGABYTE} MB that the setting"
                " 'screenshot_megabytes_per_network' allows, and this device has no older ones to delete."
            )


class _Stamp(NamedTuple):
    """When a picture was taken (ms): by the player's clock and by ours, and within which dates a repeat has ours."""

    sent: int
    moment: int
    earliest: int
    latest: int


def _stamp(upload: Upload, now: int) -> _Stamp:
    sent = _date(upload.timestamp, "Path segment 'timestamp'")
    if sent is None:
        raise Invalid("Path segment 'timestamp' is not set.")
    if upload.sent_at is None:
        earliest, latest, moment = -FAR, FAR, sent
    else:
        # A clock that restarts with every boot may show the same moment for two different pictures.
        moment = sent + clock.shift(_date(upload.sent_at, "Query parameter 'sentAt'"), now)
        earliest, latest = moment - 2 * clock.TOLERANCE, moment + 2 * clock.TOLERANCE
    if moment > now + AHEAD:
        raise Invalid("Path segment 'timestamp' is more than a day ahead of the server's clock; send 'sentAt' with it.")
    return _Stamp(sent, min(moment, now), earliest, latest)


def _date(text: str, place: str) -> int | None:
    try:
        return datetime.parse(text)
    except ValueError as error:
        raise Invalid(f"{place}: {error}.") from error


async def _compared(tx: Transaction, grid: str, **place: int) -> dict[str, str | None]:
    """Returns the columns that compare a picture with the one of its device before it."""
    before = await tx.one(GRID_BEFORE, **place)
    return {"grid": grid, "look": look(grid, None if before is None else before.grid)}


def _check_names(upload: Upload) -> None:
    for name, value in (("group", upload.group), ("presentation", upload.presentation)):
        if value is not None and len(value) > NAME_LIMIT:
            raise Invalid(f"Query parameter '{name}' has {len(value)} characters; {NAME_LIMIT} are allowed.")


def _shown(upload: Upload, settings: _Settings, status: str | None, moment: int) -> dict[str, str | int | None]:
    """Returns the columns of names and local time: from the upload, or else from the device's status and settings."""
    reported = _Status() if status is None else _read_status(status)
    group = upload.group or _name(reported.group) or _name(settings.group)
    presentation = upload.presentation or _name(reported.presentation)
    zone = zones.zone(settings.timezone or reported.timezone)
    return {
        "group_name": group,
        "group_name_key": None if group is None else fold(group),
        "group_name_order": None if group is None else order_key(group),
        "presentation_name": presentation,
        "presentation_name_key": None if presentation is None else fold(presentation),
        "presentation_name_order": None if presentation is None else order_key(presentation),
        "local_timestamp": datetime.wall_clock(moment, zone),
    }


def _name(named: _Named | None) -> str | None:
    return None if named is None else named.name


def _answer(row: queries.StoredScreenshot) -> ScreenshotAnswer:
    return ScreenshotAnswer(id=row.id, width=row.width, height=row.height, file_size=row.file_size)
