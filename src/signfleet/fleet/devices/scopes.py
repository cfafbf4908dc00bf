"""What the endpoints of `/Devices` share. The scopes are for those of our own; the others have the contract's."""

from __future__ import annotations

from typing import Final

NAME: Final = "Devices"
PREFIX: Final = "/2022/06/REST/Devices"

RETRIEVE: Final = "bsn.api.main.devices.retrieve"
UPDATE: Final = "bsn.api.main.devices.update"
