"""Sends commands to single devices, lists them, and cancels them, as far as the caller's permissions allow it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.fleet.commands import record_store as records
from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.catalogue import COMMANDS
from signfleet.fleet.commands.kinds import KINDS, OPERATIONS, Kind, kind_of
from signfleet.fleet.commands.outcomes import finish
from signfleet.fleet.commands.queue import Order, cannot, enqueue, full_queue
from signfleet.fleet.commands.repeats import Repeatable
from signfleet.fleet.commands.schemas import Command, CommandDetails, CommandFile, CommandRules, NewCommand
from signfleet.fleet.commands.store import CommandRow
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.store import LOCK_NETWORK
from signfleet.web.caller.actor import acting
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import NONE, Precondition, version_of
from signfleet.web.contract.paging import ListQuery, Page

#: How far ahead a command may expire, in ms.
LONGEST_LIFE: Final = 30 * DAY


class Sent(NamedTuple):
    """A command that answers a request to send one; it is not new if it was pending, or the request a repeat."""

    command: CommandDetails
    is_new: bool


class Commands:
    """The commands of a network, as callers see them. Methods raise `NotFound`, `Forbidden` and `Invalid`."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._store = store
        self._devices = devices
        self._permissions = permissions
        self._all = Collection(store, COMMANDS, queries.COLUMNS)

    async def send(self, session: Session, new: NewCommand, key: str | None, now: int) -> Sent:
        """Sends a command to a device.

        Raises `Conflict` if its player cannot do it, or if the caller used the idempotency key for another request.
        """
        kind = kind_of(new.name)
        await self._permissions.require(session, kind.operation)
        arguments = kind.read(new.arguments)
        expiration = _expiration(new.expires_at, kind, now)
        found = await self._devices.find(session, str(new.device), kind.operation)
        await self.require_allowed(session.network, kind)
        request = None if key is None else Repeatable.of(key, new)

        async def work(tx: Transaction) -> tuple[int, bool]:
            if request is not None and (known := await request.begin(tx, session.network, now)) is not None:
                return known, False
            # Locks the device, and sees permissions that have changed since.
            await self._devices.lock(tx, session, found, kind.operation)
            order = Order(kind, arguments, expiration, release_date=now)
            done = await enqueue(tx, session.network, [found.id], order, now)
            if done.unable:
                raise cannot(kind, done.unable[found.id])
            if done.full:
                raise full_queue()
            command_id = (done.new or done.pending)[found.id]
            if request is not None:
                await request.finish(tx, session.network, command_id=command_id)
            return command_id, bool(done.new)

        command_id, is_new = await self._store.write(work)
        return Sent(await self.get(session, command_id), is_new)

    async def require_allowed(self, network_id: int, kind: Kind) -> None:
        """Raises `Forbidden` for a dangerous command in a network that does not allow them."""
        if kind.group == "danger" and not (await self.rules(network_id)).danger_allowed:
            raise Forbidden(
                f"This network does not allow dangerous commands such as '{kind.name}'; an administrator can allow"
                " them with PUT /admin/v1/command-rules/."
            )

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of the commands that the caller could send, the newest first unless the query has a sort."""
        found = await self._all.find(session.network, query, await self.scope(session))
        return found.page([encode(command_of(row)) for row in found.rows])

    async def scope(self, session: Session) -> Scope:
        """Returns the scope of the commands that the caller could send."""
        scope = self._permissions.scope
        groups = {group: await scope(session, operation, queries.DEVICE_ID) for group, operation in OPERATIONS.items()}
        return queries.visible(await scope(session, VIEW_DEVICE, queries.DEVICE_ID), groups)

    async def get(self, session: Session, command_id: int) -> CommandDetails:
        """Returns a command with its result and files."""
        row = await self._store.one(queries.COMMAND, network_id=session.network, command_id=command_id)
        await self._require_visible(session, row, command_id)
        assert row is not None
        files = await self._store.all(records.FILES, network_id=session.network, command_id=command_id)
        return CommandDetails(
            **msgspec.structs.asdict(command_of(row)),
            result=None if row.result is None else msgspec.Raw(row.result.encode()),
            files=[
                CommandFile(
                    name=file.name,
                    size=file.size,
                    media_type=file.media_type,
                    arrival_date=datetime.format(file.arrival_date),
                )
                for file in files
            ],
        )

    async def _require_visible(self, session: Session, row: CommandRow | None, command_id: int) -> None:
        """Raises `NotFound` for a command that does not exist, or that the caller could not send."""
        if row is not None:
            allows = self._permissions.allows_on
            operation = OPERATIONS[row.command_group]
            if await allows(session, VIEW_DEVICE, row.device_id) and await allows(session, operation, row.device_id):
                return
        raise NotFound.in_network("command", str(command_id))

    async def file(self, session: Session, command_id: int, name: str) -> records.FileRow:
        """Returns a file of a command."""
        row = await self._store.one(queries.COMMAND, network_id=session.network, command_id=command_id)
        await self._require_visible(session, row, command_id)
        file = await self._store.one(records.FILE, network_id=session.network, command_id=command_id, name=name)
        if file is None:
            raise NotFound(f"The command {command_id} has no file '{name}'.")
        return file

    async def cancel(self, session: Session, command_id: int, now: int) -> None:
        """Cancels a command that its player has not begun. Raises `Conflict` for another one."""
        known = await self._store.one(queries.COMMAND, network_id=session.network, command_id=command_id)
        await self._require_visible(session, known, command_id)
        await self._store.write(lambda tx: cancel_in(tx, session.network, command_id, now))

    async def rules(self, network_id: int) -> CommandRules:
        """Returns what a network allows."""
        row = await self._store.one(records.RULE, network_id=network_id)
        return CommandRules(danger_allowed=row is not None and bool(row.allows_danger))

    async def set_rules(
        self, network_id: int, rules: CommandRules, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces what a network allows. Raises `Stale`."""

        async def work(tx: Transaction) -> None:
            network = await tx.one(LOCK_NETWORK, id=network_id)
            if network is None:
                raise NotFound("The network is gone.")
            row = await tx.one(records.RULE, network_id=network_id)
            is_allowed = row is not None and bool(row.allows_danger)
            precondition.check_version(version_of(CommandRules(danger_allowed=is_allowed)))
            await tx.execute(records.SET_RULE, network_id=network_id, allows_danger=rules.danger_allowed)
            before, after = {"dangerousCommands": is_allowed}, {"dangerousCommands": rules.danger_allowed}
            entry = AuditEntry("Update", "Network", network_id, network.name, before, after)
            await record(tx, network_id, entry, now)

        await self._store.write(work)


async def cancel_in(tx: Transaction, network_id: int, command_id: int, now: int) -> None:
    """Cancels a command that its player has not begun. Raises `NotFound`, and `Conflict` for another one."""
    row = await tx.one(queries.LOCK_COMMAND, network_id=network_id, command_id=command_id)
    if row is None:
        raise NotFound.in_network("command", str(command_id))
    if row.state not in ("queued", "sent"):
        raise Conflict(f"The command is {row.state}; only one that has not begun can be cancelled.")
    await finish(tx, [row], "cancelled", now, message=f"cancelled by {acting().name}")


def _expiration(text: str | None, kind: Kind, now: int) -> int:
    """Returns the date until when the player may begin."""
    if text is None:
        return now + kind.lifetime
    try:
        date = datetime.parse(text)
    except ValueError as error:
        raise Invalid(f"'expiresAt': {error}.") from error
    if date is None or not now < date <= now + LONGEST_LIFE:
        raise Invalid(f"'expiresAt' has to be in the future, at most {LONGEST_LIFE // DAY} days from now.")
    return date


def command_of(row: CommandRow) -> Command:
    """Returns the entity of a row, with its secrets masked."""
    return Command(
        id=row.id,
        device=DeviceReference(id=row.device_id, serial=row.serial),
        name=row.name,
        group=row.command_group,
        arguments=KINDS[row.name].shown(row.arguments),
        state=row.state,
        message=row.message,
        created_by=row.author,
        creation_date=datetime.format(row.creation_date),
        release_date=_date(row.release_date),
        expires_at=datetime.format(row.expiration_date),
        sent_date=_date(row.sent_date),
        start_date=_date(row.start_date),
        end_date=_date(row.end_date),
        batch=row.batch_id,
    )


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)
