"""What all endpoints of `/Devices` have in common."""

from __future__ import annotations

from typing import Final

NAME: Final = "Devices"
PREFIX: Final = "/2022/06/REST/Devices"

RETRIEVE: Final = "bsn.api.main.devices.retrieve"
UPDATE: Final = "bsn.api.main.devices.update"
DELETE: Final = "bsn.api.main.devices.delete"
