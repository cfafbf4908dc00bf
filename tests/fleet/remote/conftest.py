"""The device A1 and its player, as tests of commands have them."""

from __future__ import annotations

from tests.fleet.commands.conftest import device_id, player

__all__ = ["device_id", "player"]
