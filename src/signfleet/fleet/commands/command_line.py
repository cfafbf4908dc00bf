"""What the command line does with commands: who can read the store needs no permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.commands import record_store as records
from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.catalogue import COMMANDS
from signfleet.fleet.commands.kinds import kind_of
from signfleet.fleet.commands.queue import Enqueued, Order, cannot, enqueue, full_queue
from signfleet.fleet.commands.service import cancel_in
from signfleet.fleet.commands.store import AnsweredCommand, CommandRow
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import DEVICE_BY_ID, DEVICE_BY_SERIAL
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.ids import Reference
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery

#: How many devices one transaction sends a command to.
STEP: Final = 200


class _Picture(msgspec.Struct):
    """The result of the command `screenshot`: what the upload answered."""

    id: int


class LeftOut(NamedTuple):
    """A device that got no command: its player cannot do it, or its queue is full."""

    serial: str
    state: str
    reason: str


class SentCommands(NamedTuple):
    """The ids of commands, new ones and those that were pending, and the devices that got none."""

    ids: list[int]
    left_out: list[LeftOut]


class CommandLine:
    """Sends and lists commands without permissions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._devices = Listing(DEVICES)
        self._commands = Collection(store, COMMANDS, queries.COLUMNS)

    async def find(self, network_id: int, devices: Sequence[str], filter_: str | None) -> list[int]:
        """Returns the ids of devices by id or serial, and of those that a filter matches. Raises `NotFound`."""
        ids = [await self._find(network_id, ref) for ref in devices]
        if filter_ is not None:
            parsed = await self._devices.read_filter(self._store, network_id, filter_)
            if parsed is None:
                raise Invalid("The filter is empty.")
            ids += await self._devices.ids(self._store, network_id, filter=parsed)
        if not ids:
            raise NotFound("No device matches.")
        return ids

    async def _find(self, network_id: int, ref: str) -> int:
        id_, serial_key = Reference.parse(ref)
        if id_ is not None:
            row = await self._store.one(DEVICE_BY_ID, network_id=network_id, id=id_)
        else:
            row = await self._store.one(DEVICE_BY_SERIAL, network_id=network_id, serial_key=serial_key)
        if row is None:
            raise NotFound.in_network("device", ref)
        return row.id

    async def send(
        self, network_id: int, device_ids: Sequence[int], name: str, arguments: dict[str, Any], now: int
    ) -> SentCommands:
        """Sends a command to devices.

        Leaves out devices whose players cannot do it, and those with too many commands. Raises `Conflict` if no player
        can.
        """
        kind = kind_of(name)
        order = Order(kind, kind.read(arguments), now + kind.lifetime, release_date=now)
        sent: list[int] = []
        unable: dict[int, str] = {}
        full: list[int] = []
        for start in range(0, len(device_ids), STEP):

            async def work(tx: Transaction, some: Sequence[int] = device_ids[start : start + STEP]) -> Enqueued:
                return await enqueue(tx, network_id, list(some), order, now)

            done = await self._store.write(work)
            sent += [*done.new.values(), *done.pending.values()]
            unable |= done.unable
            full += done.full
        if unable and not sent:
            raise cannot(kind, next(iter(unable.values())))
        without = [
            LeftOut(row.serial, "unable", cannot(kind, unable[row.id]).message)
            if row.id in unable
            else LeftOut(row.serial, "full", full_queue().message)
            for row in await self._store.all(queries.SERIALS, network_id=network_id, ids=[*unable, *full])
        ]
        return SentCommands(sorted(sent), without)

    async def cancel(self, network_id: int, command_id: int, now: int) -> None:
        """Cancels a command that its player has not begun. Raises `NotFound`, and `Conflict` for another one."""
        await self._store.write(lambda tx: cancel_in(tx, network_id, command_id, now))

    async def read(self, network_id: int, ids: Sequence[int]) -> list[AnsweredCommand]:
        """Returns commands with their results."""
        return await self._store.all(queries.COMMANDS_AMONG, network_id=network_id, ids=list(ids))

    async def newest(self, network_id: int, filter_: str | None, count: int) -> list[CommandRow]:
        """Returns the newest commands that match."""
        return (await self._commands.rows(network_id, ListQuery(filter_, None, None, count))).rows

    async def files(self, row: AnsweredCommand) -> list[tuple[str, str]]:
        """Returns the files of a command, each by its name and its name in the blob store; pictures too."""
        files = await self._store.all(records.FILES, network_id=row.network_id, command_id=row.id)
        found = [(file.name, file.blob) for file in files]
        if row.name == "screenshot" and row.state == "succeeded" and row.result is not None:
            try:
                picture = msgspec.json.decode(row.result, type=_Picture)
            except msgspec.MsgspecError:
                return found
            stored = await self._store.one(queries.PICTURE, network_id=row.network_id, picture_id=picture.id)
            if stored is not None:
                found.append((f"screen.{stored.blob.rpartition('.')[2]}", stored.blob))
        return found
