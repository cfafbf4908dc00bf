"""The networks that a person makes."""

from __future__ import annotations

from signfleet.networks.schemas import Network, NetworkSettings
from signfleet.networks.service import Networks
from signfleet.storage.interface import Transaction
from signfleet.users.membership import insert_administrator


class OwnNetworks:
    """Creates networks for people."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    async def create(self, person_id: int, name: str, settings: NetworkSettings | None, now: int) -> Network:
        """Create a network with the person as its administrator. Raises `Invalid` for a taken or unfit name."""

        async def populate(tx: Transaction, network_id: int) -> None:
            await insert_administrator(tx, network_id, person_id, now)

        return await self._networks.create(name, now, settings, populate=populate)
