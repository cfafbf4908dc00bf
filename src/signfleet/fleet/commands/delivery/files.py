"""Stores the files that players send with commands, such as logs."""

from __future__ import annotations

import re
import secrets
from typing import Final, NamedTuple

from signfleet.fleet.commands import record_store as records
from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.delivery.service import lock_device
from signfleet.fleet.commands.outcomes import ANSWERED
from signfleet.fleet.commands.schemas import StoredFile
from signfleet.fleet.devices.retention.service import adopt_files, reserve_files
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.errors import Conflict, Invalid, NotFound
from signfleet.foundation.quotas import QuotaReached
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction

#: How many files a command may have.
FILES_LIMIT: Final = 8
MEGABYTE: Final = 1_000_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class FileUpload(NamedTuple):
    """A file as the player sends it."""

    command_id: int
    name: str
    media_type: str
    content: bytes


class CommandFiles:
    """Stores files of commands. Raises `NotFound`, `Invalid`, `Conflict` and `QuotaReached`."""

    def __init__(self, store: Store, blobs: Blobs, rate_limit: RateLimit, bytes_per_network: int) -> None:
        self._store = store
        self._blobs = blobs
        self._rate_limit = rate_limit
        self._bytes_per_network = bytes_per_network

    async def receive(self, network_id: int, device_id: int, upload: FileUpload, now: int) -> tuple[StoredFile, bool]:
        """Stores a file and returns whether it is new.

        A command has one file of a name, which a repeat does not change.
        """
        self._rate_limit.check(device_id)
        command_id, name, media_type, content = upload
        if not _NAME.fullmatch(name):
            raise Invalid("Path segment 'file_name': a file name has 1 to 128 letters, digits, '.', '_' or '-'.")
        keys = {"network_id": network_id, "command_id": command_id}
        blob = f"commands/{network_id}/{device_id}/{command_id}-{secrets.token_hex(4)}"

        async def expect(tx: Transaction) -> StoredFile | None:
            known = await self._known(tx, network_id, device_id, command_id, name)
            if known is None:
                await reserve_files(tx, (blob,), now)
            return known

        async def insert(tx: Transaction) -> tuple[StoredFile, bool]:
            known = await self._known(tx, network_id, device_id, command_id, name)
            if known is not None:
                return known, False
            await adopt_files(tx, (blob,))
            await tx.execute(
                records.INSERT_FILE,
                **keys,
                name=name,
                device_id=device_id,
                size=len(content),
                media_type=media_type,
                blob=blob,
                arrival_date=now,
            )
            await counters.add(tx, network_id, counters.COMMAND_BYTES, len(content))
            total = await tx.one(counters.TOTAL, network_id=network_id, entity=counters.COMMAND_BYTES)
            if total is not None and total.total > self._bytes_per_network:
                raise QuotaReached(
                    f"The files of this network's commands take up the {self._bytes_per_network // MEGABYTE} MB that"
                    " the setting 'command_megabytes_per_network' allows."
                )
            return StoredFile(name=name, size=len(content)), True

        # As with pictures, the file is announced before it is written: a sweep deletes it unless the row is stored.
        known = await self._store.write(expect)
        if known is not None:
            return known, False
        await self._blobs.put(blob, content)
        return await self._store.write(insert)

    async def _known(
        self, tx: Transaction, network_id: int, device_id: int, command_id: int, name: str
    ) -> StoredFile | None:
        """Returns the file that a command has already; None if it may get it. Locks the command."""
        await lock_device(tx, network_id, device_id)
        keys = {"network_id": network_id, "command_id": command_id}
        command = await tx.one(queries.LOCK_COMMAND, **keys)
        if command is None or command.device_id != device_id:
            raise NotFound(f"This player has no command {command_id}.")
        files = await tx.all(records.FILES, **keys)
        for file in files:
            if file.name == name:
                return StoredFile(name=name, size=file.size)
        if command.state in ANSWERED:
            raise Conflict(f"The command is {command.state}: send its files before that.")
        if len(files) >= FILES_LIMIT:
            raise Invalid(f"The command has {FILES_LIMIT} files; more are not stored.")
        return None
