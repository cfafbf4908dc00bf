"""What the endpoints of `/Devices` share. The scopes serve endpoints beyond the contract, which states its own."""

from __future__ import annotations

from typing import Final

NAME: Final = "Devices"
PREFIX: Final = "/2022/06/REST/Devices"

RETRIEVE: Final = "bsn.api.main.devices.retrieve"
UPDATE: Final = "bsn.api.main.devices.update"
