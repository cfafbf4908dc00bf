"""The networks that a person makes."""

from __future__ import annotations

from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.networks.schemas import Network, NetworkSettings
from signfleet.identity.networks.service import Networks
from signfleet.identity.networks.store import COUNT_ADMINISTERED
from signfleet.identity.people.store import PERSON_TO_CHANGE
from signfleet.identity.users.membership import insert_administrator


class OwnNetworks:
    """Creates networks for people."""

    def __init__(self, networks: Networks, most: int) -> None:
        self._networks = networks
        self._most = most

    async def create(
        self, person_id: int, name: str, settings: NetworkSettings | None, level: str, now: int
    ) -> Network:
        """Creates a network with the person as its administrator.

        Raises `Invalid` for a taken or unfit name or level, and `QuotaReached`.
        """

        async def populate(tx: Transaction, network_id: int) -> None:
            await tx.one(PERSON_TO_CHANGE, id=person_id)  # until the unit ends they create no other network
            row = await tx.one(COUNT_ADMINISTERED, person_id=person_id, role_id=ADMINISTRATORS.id)
            check_quota(row.total if row else 0, self._most, "networks that you administer", "networks_per_person")
            await insert_administrator(tx, network_id, person_id, now)

        return await self._networks.create(name, now, settings, level, populate=populate)
