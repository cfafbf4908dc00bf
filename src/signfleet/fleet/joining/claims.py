"""Claims: requests of a network for serials that another network has.

A claim does not reveal which network has the serial, or whether one has. The operator of the server, who knows both
tenants, decides on the command line: accepting a claim deletes the device from the other network.
"""

from __future__ import annotations

from typing import Final

from signfleet.fleet.devices.deletion import DeviceDeletion
from signfleet.fleet.devices.store import DEVICE_OF_SERIAL
from signfleet.fleet.joining import store as queries
from signfleet.fleet.joining.schemas import SerialClaim
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.actor import acting

#: How many open claims a network may have.
LIMIT: Final = 1000


class Claims:
    """Creates, lists, withdraws and accepts claims."""

    def __init__(self, store: Store, deletion: DeviceDeletion) -> None:
        self._store = store
        self._deletion = deletion

    async def of_network(self, network_id: int) -> list[SerialClaim]:
        """Lists the open claims of a network, by serial."""
        rows = await self._store.all(queries.CLAIMS_OF_NETWORK, network_id=network_id, count=LIMIT)
        return [_claim(row) for row in rows]

    async def all(self) -> list[queries.NamedClaim]:
        """Lists all open claims with the names of their networks, the oldest first."""
        return await self._store.scan_all(queries.CLAIMS)

    async def claim(self, network_id: int, serial: str, now: int) -> SerialClaim:
        """Creates a claim; a repeat changes nothing. Raises `Invalid` if the network has too many open claims."""

        async def work(tx: Transaction) -> queries.StoredClaim:
            key = {"network_id": network_id, "serial_key": fold(serial)}
            (open_claims,) = await tx.all(queries.CLAIM_COUNT, network_id=network_id)
            if open_claims[0] >= LIMIT:
                raise Invalid(f"A network has at most {LIMIT} open claims; withdraw some first.")
            if await tx.execute(queries.PUT_CLAIM, **key, serial=serial, author=acting().name, date=now):
                await record(tx, network_id, AuditEntry("Create", "Serial", name=serial, after={"claimed": True}), now)
                event = recording.Event(kinds.SerialClaimed(author=acting().name), None, serial)
                await recording.record(tx, network_id, event, now=now)
            claim = await tx.one(queries.CLAIM, **key)
            if claim is None:
                raise NotFound(f"The claim to the serial number '{serial}' was withdrawn at the same time.")
            return claim

        return _claim(await self._store.write(work))

    async def withdraw(self, network_id: int, serial: str, now: int) -> None:
        """Deletes a claim. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            await _remove(tx, network_id, serial)
            await record(tx, network_id, AuditEntry("Delete", "Serial", name=serial, before={"claimed": True}), now)

        await self._store.write(work)

    async def accept(self, network_id: int, serial: str, now: int) -> bool:
        """Deletes the device of another network, so that its serial can join this one; returns whether there was one.

        Raises `NotFound` if there is no such claim.
        """

        async def work(tx: Transaction) -> bool:
            await _remove(tx, network_id, serial)
            owner = await tx.one(DEVICE_OF_SERIAL, serial_key=fold(serial))
            await record(tx, network_id, AuditEntry("Release", "Serial", name=serial), now)
            if owner is None or owner.network_id == network_id:
                return False
            await self._deletion.remove(tx, owner.network_id, [owner.id], now)
            return True

        return await self._store.write(work)


async def _remove(tx: Transaction, network_id: int, serial: str) -> None:
    if not await tx.execute(queries.DELETE_CLAIM, network_id=network_id, serial_key=fold(serial)):
        raise NotFound(f"This network does not claim the serial number '{serial}'.")


def _claim(row: queries.StoredClaim) -> SerialClaim:
    return SerialClaim(serial=row.serial, author=row.author, date=datetime.format(row.date))
