"""The device A1 and its player, as tests of commands have them; the player has been there a moment ago."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from tests.fleet.commands.conftest import PLAYER, device_id
from tests.fleet.commands.conftest import player as absent_player

__all__ = ["absent_player", "device_id"]


@pytest.fixture
async def player(absent_player: AsyncClient) -> AsyncClient:
    """Returns a client with the token of A1's player, which polls now and then."""
    await absent_player.get(f"{PLAYER}/commands")
    return absent_player
