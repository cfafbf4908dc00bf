"""A player learns its settings."""

from httpx import AsyncClient

from tests.fleet.players.conftest import PLAYER, Device


async def test_a_player_gets_the_settings_that_operators_see(player: AsyncClient, device: Device) -> None:
    answer = await player.get(f"{PLAYER}/settings")
    assert answer.status_code == 200
    assert answer.json() == (await device())["settings"] | {"managed": []}


async def test_a_matching_etag_gets_304(player: AsyncClient) -> None:
    etag = (await player.get(f"{PLAYER}/settings")).headers["ETag"]
    known = await player.get(f"{PLAYER}/settings", headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    other = await player.get(f"{PLAYER}/settings", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
