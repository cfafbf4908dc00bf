"""The note of a device."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signfleet.fleet.devices.schemas import Entity
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.web.contract.paging import PagedList


class Note(Entity):
    """The note of a device, the login that wrote it last, and when; all empty if the device has no note."""

    device: DeviceReference
    note: str = ""
    author: str | None = None
    last_modified_date: DateTime | None = None


class NotedDevice(Entity):
    """The device of a note that a client sends back; it has to be the device of the path."""

    id: Id | None = None
    serial: str | None = None


class NoteChange(Entity):
    """A new text; an empty one deletes the note."""

    note: Annotated[str, Meta(max_length=4096)] | None
    device: NotedDevice | None = None


class NotePage(PagedList):
    """A PagedList of notes."""

    items: list[Note]
