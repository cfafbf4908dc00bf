"""Adds beacons to the settings of devices, and removes them."""

from __future__ import annotations

import msgspec

from signfleet.fleet.devices.schemas import Beacon
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.wire.text import fold
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import NONE
from signfleet.web.contract.patch import Document


class _Settings(msgspec.Struct):
    beacons: list[Beacon]


_read = msgspec.json.Decoder(_Settings).decode


class Beacons:
    """The beacons of single devices. Names are compared without regard to letter case."""

    def __init__(self, devices: Devices, settings: DeviceSettings) -> None:
        self._devices = devices
        self._settings = settings

    async def list_(self, session: Session, ref: str) -> list[Beacon]:
        """Returns the beacons of a device. Raises `NotFound`."""
        return _read(await self._devices.part(session, ref, "settings")).beacons

    async def get(self, session: Session, ref: str, name: str) -> Beacon:
        """Returns the beacon of this name. Raises `NotFound`."""
        for beacon in await self.list_(session, ref):
            if fold(beacon.name) == fold(name):
                return beacon
        raise _not_there(name)

    async def add(self, session: Session, ref: str, beacon: Beacon, now: int) -> None:
        """Adds a beacon. Raises `Invalid` if the device has one of this name, `NotFound`, `Forbidden`."""

        def edit(present: Document) -> Document:
            if any(fold(other["name"]) == fold(beacon.name) for other in present["beacons"]):
                raise Invalid(f"The device already has a beacon '{beacon.name}'; delete it first.")
            return present | {"beacons": [*present["beacons"], msgspec.to_builtins(beacon)]}

        await self._settings.change(session, ref, NONE, now, edit)

    async def delete(self, session: Session, ref: str, name: str, now: int) -> None:
        """Deletes a beacon. Raises `NotFound`, `Forbidden`."""

        def edit(present: Document) -> Document:
            others = [other for other in present["beacons"] if fold(other["name"]) != fold(name)]
            if len(others) == len(present["beacons"]):
                raise _not_there(name)
            return present | {"beacons": others}

        await self._settings.change(session, ref, NONE, now, edit)


def _not_there(name: str) -> NotFound:
    return NotFound(f"The device has no beacon '{name}'.")
