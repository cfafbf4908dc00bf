"""Registers players: as new devices, or again as known ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import structlog

from signfleet.fleet.devices.agent.reporting import store_can
from signfleet.fleet.devices.document import identity, next_moment
from signfleet.fleet.devices.models.models import family_of
from signfleet.fleet.devices.registration import NewDevice, create
from signfleet.fleet.devices.schemas import Location
from signfleet.fleet.devices.serials import check_serial
from signfleet.fleet.devices.store import DEVICE_OF_SERIAL, GROUP_BY_NAME
from signfleet.fleet.groups.creation import DEFAULT_GROUP, check_group_quota, check_name, insert_group
from signfleet.fleet.joining import secrets
from signfleet.fleet.joining.store import BLOCK, END_SESSIONS
from signfleet.fleet.players import store as queries
from signfleet.fleet.players.admission import UNKNOWN_MODEL, Entry, by_record, listing, of_setup_token
from signfleet.fleet.players.refusals import (
    KnownDevice,
    NotListed,
    Refusal,
    Refusals,
    RegisteredElsewhere,
    RemovedDevice,
    UnusableRecord,
)
from signfleet.fleet.players.schemas import JoiningPlayer, ListedPlayer, PlayerRegistration, Registered
from signfleet.fleet.players.tokens import lifetimes_of
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Conflict, Forbidden, Invalid, Unauthenticated
from signfleet.foundation.geography.location import complete_location
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction, UnitOfWork
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.token_issue import open_session
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users.schemas import NetworkName
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.actor import act_under, acting
from signfleet.web.caller.scopes import DEVICE_SCOPE

DEFAULT_ZONE = "GMT"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Admission(msgspec.Struct, frozen=True):
    """The device that a player may be, its highest accepted sequence number, and its secret if that is new."""

    device_id: int
    serial: str
    sequence: int
    secret: str | None
    is_new: bool


class Players:
    """Registers players. `rate_limit` counts per serial, or per address for a bad setup token or unlisted serial."""

    def __init__(self, store: Store, subscriptions: Subscriptions, rate_limit: RateLimit, most_groups: int) -> None:
        self._most_groups = most_groups
        self._store = store
        self._subscriptions = subscriptions
        self._rate_limit = rate_limit
        self._refusals = Refusals()

    async def register(self, setup_token: str, player: PlayerRegistration, now: int) -> tuple[Registered, bool]:
        """Registers a player in the setup token's network, and returns whether the device is new there.

        A known device gets new tokens and the model that the player states; nothing else of it changes. A refusal
        changes nothing. Raises `Unauthenticated` for a bad setup token, `Conflict` for a serial that the player may
        not use, `Forbidden` for a blocked one, and `Invalid` for a malformed serial or group.
        """
        try:
            network = await of_setup_token(self._store, setup_token, now)
        except Unauthenticated:
            self._rate_limit.check(acting().address)
            raise

        async def enter(tx: Transaction) -> Entry:
            return Entry(await of_setup_token(tx, setup_token, now), player)

        return await self._register(network.id, player, enter, now)

    async def register_listed(self, join_key: str, player: ListedPlayer, now: int) -> tuple[Registered, bool]:
        """Registers a player in the network of a join address, as the record of its serial says.

        Raises `NotListed` for whatever the reason is, and `Invalid` for a malformed serial.
        """
        address = acting().address
        self._rate_limit.require(address)
        check_serial(player.serial)

        async def enter(tx: Transaction) -> Entry:
            return await by_record(tx, await listing(tx, join_key, player.serial), player, now)

        try:
            listed = await listing(self._store, join_key, player.serial)
            return await self._register(listed.network.id, player, enter, now)
        except (Conflict, Forbidden, Invalid, Unauthenticated) as error:
            self._rate_limit.count(address)
            log.warning("player not admitted by its record", serial=player.serial, reason=error.message)
            raise NotListed(player.serial) from error

    async def _register(
        self, network_id: int, player: JoiningPlayer, enter: Callable[[Transaction], Awaitable[Entry]], now: int
    ) -> tuple[Registered, bool]:
        """Registers a player as the device that `enter` says, or records why it may not."""
        key = (network_id, fold(player.serial))
        self._rate_limit.check(key)
        act_under(f"player {player.serial}")
        location = None if player.location is None else await asyncio.to_thread(_complete, player.location)

        async def work(tx: Transaction) -> tuple[Registered, bool, PlayerRegistration] | Refusal:
            try:
                entry = await enter(tx)
                admitted = await self._admit(tx, entry, location, now)
            except UnusableRecord as error:
                admitted = Refusal(error, player.serial)
            if isinstance(admitted, Refusal):
                await self._refusals.record(tx, network_id, admitted, now)
                return admitted
            if player.can is not None:
                await store_can(tx, {"network_id": network_id, "device_id": admitted.device_id}, player.can)
            issued = await open_session(
                tx,
                scope=DEVICE_SCOPE,
                lifetimes=lifetimes_of(entry.network),
                now=now,
                network_id=network_id,
                device_id=admitted.device_id,
            )
            registered = Registered.of(
                issued,
                device_secret=admitted.secret or msgspec.UNSET,
                device=DeviceReference(id=admitted.device_id, serial=admitted.serial),
                network=NetworkName(id=network_id, name=entry.network.name),
                sequence=admitted.sequence,
            )
            return registered, admitted.is_new, entry.player

        with self._rate_limit.refunding(key):
            outcome = await self._write(work)
        if isinstance(outcome, Refusal):
            self._refusals.note_recorded(network_id, outcome, now)
            log.warning("player refused", serial=player.serial, network=network_id, reason=outcome.error.code)
            raise outcome.error
        registered, is_new, entered = outcome
        log.info(
            "player registered",
            serial=entered.serial,
            model=entered.model,
            firmware=entered.firmware,
            network=network_id,
            device=registered.device.id,
            new=is_new,
        )
        return registered, is_new

    async def _admit(self, tx: Transaction, entry: Entry, location: Location | None, now: int) -> Admission | Refusal:
        """Lets a player join as a new device or as the one that has its serial; a serial belongs to one network."""
        network, player, _ = entry
        known = await tx.one(DEVICE_OF_SERIAL, serial_key=fold(player.serial))
        if known is None:
            return await self._join(tx, entry, location, now)
        if known.network_id == network.id:
            return await self._join_again(tx, network, known, player, now)
        return Refusal(RegisteredElsewhere(player.serial), player.serial)

    async def _join(self, tx: Transaction, entry: Entry, location: Location | None, now: int) -> Admission | Refusal:
        """Creates a device for a player whose serial no network has, unless the network blocks it."""
        network, player, is_listed = entry
        if await tx.one(BLOCK, network_id=network.id, serial_key=fold(player.serial)) is not None:
            return Refusal(RemovedDevice(player.serial), player.serial)
        check_serial(player.serial)
        if network.max_uses is not None and not await tx.execute(queries.USE_SETUP_TOKEN, token_hash=network.hash):
            raise Unauthenticated(
                f"The setup token has admitted {network.max_uses} players, which is its limit; issue a new one."
            )
        new = await _new_device(tx, network.id, player, location, now, most_groups=self._most_groups)
        device_id = await create(tx, network.id, new, now)
        await self._subscriptions.on_registration(tx, network.id, device_id, player.serial, now)
        after: dict[str, Any] = {"model": new.model, "settings": {"name": new.name, "group": {"name": new.group_name}}}
        if is_listed:
            after["admittedBy"] = "provisioning record"
        await record(tx, network.id, AuditEntry("Create", "Device", device_id, player.serial, None, after), now)
        await _record_event(tx, network.id, device_id, player, now, is_new=True)
        text, secret = secrets.issue(now)
        await secrets.save(tx, network.id, device_id, secret)
        return Admission(device_id, player.serial, 0, text, is_new=True)

    async def _join_again(
        self,
        tx: Transaction,
        network: queries.SetupNetwork,
        known: queries.RegisteredDevice,
        player: PlayerRegistration,
        now: int,
    ) -> Admission | Refusal:
        """Admits a player as a known device if it proves that it is, or cannot have received the proof."""
        secret, text = await secrets.lock(tx, network.id, known.id), None
        if secret.is_proved_by(player.device_secret):
            secret = secret.presented()
        elif not secret.is_received or _allows_protocol_1(network, secret, now):
            if secret.is_received and network.protocol_1_until is not None:
                until = datetime.format(network.protocol_1_until)
                log.warning("player joined again without its secret", serial=known.serial, allowed_until=until)
            text, secret = secrets.issue(now)
        else:
            return Refusal(KnownDevice(player.serial), known.serial, known.id, secret.address)
        await secrets.save(tx, network.id, known.id, secret)
        if await tx.execute(END_SESSIONS, in_network=network.id, of_device=known.id):
            ended = AuditEntry("Revoke", "Token", name=known.serial, before={"deviceId": known.id}, device_id=known.id)
            await record(tx, network.id, ended, now)
        if player.model not in {known.model, UNKNOWN_MODEL}:
            await _change_model(tx, known, player.model, now)
            before, after = {"model": known.model}, {"model": player.model}
            await record(tx, network.id, AuditEntry("Update", "Device", known.id, known.serial, before, after), now)
        await _record_event(tx, network.id, known.id, player, now, is_new=False)
        return Admission(known.id, known.serial, known.report_sequence, text, is_new=False)

    async def _write(self, work: UnitOfWork[T]) -> T:
        """Runs `work`, again if another process has inserted the same serial or group in the meantime."""
        for _ in range(2):
            try:
                return await self._store.write(work)
            except Duplicate:
                continue
        return await self._store.write(work)


async def _record_event(
    tx: Transaction, network_id: int, device_id: int, player: PlayerRegistration, now: int, *, is_new: bool
) -> None:
    data = kinds.DeviceRegistered(model=player.model, firmware=player.firmware or None, is_new=is_new)
    await recording.record(tx, network_id, recording.Event(data, device_id, player.serial), now=now)


def _allows_protocol_1(network: queries.SetupNetwork, secret: secrets.DeviceSecret, now: int) -> bool:
    """Returns whether the network still admits players of protocol 1, which know no secrets, and this may be one."""
    return not secret.is_presented and network.protocol_1_until is not None and now < network.protocol_1_until


def _complete(location: Location) -> Location:
    """Adds the names and paths that follow from the coordinates and the given names."""
    location.path = location.path_long_name = None
    return msgspec.convert(complete_location(msgspec.to_builtins(location)), Location)


async def _new_device(
    tx: Transaction,
    network_id: int,
    player: PlayerRegistration,
    location: Location | None,
    now: int,
    *,
    most_groups: int,
) -> NewDevice:
    name = (player.group or "").strip() or DEFAULT_GROUP
    group = await tx.one(GROUP_BY_NAME, network_id=network_id, name_key=fold(name))
    if group is None:
        name = check_name(name, "group")
        await check_group_quota(tx, network_id, most_groups)
        group_id = await insert_group(tx, network_id, name, now)
        await record(tx, network_id, AuditEntry("Create", "Group", group_id, name, None, {"name": name}), now)
    else:
        group_id, name = group.id, group.name
    return NewDevice(
        serial=player.serial,
        model=player.model,
        name=(player.name or "").strip() or player.serial,
        group_id=group_id,
        group_name=name,
        # A player may know a zone that this server does not: store it unchanged.
        timezone=zones.canonical(player.timezone or "") or (player.timezone or "").strip() or DEFAULT_ZONE,
        description=player.description,
        location=location,
    )


async def _change_model(tx: Transaction, device: queries.RegisteredDevice, model: str, now: int) -> None:
    ours = {"in_network": device.network_id, "of_device": device.id}
    family, moment = family_of(model), next_moment(device, now)
    await tx.execute(
        queries.CHANGE_MODEL, **ours, new_model=model, new_model_key=fold(model), new_family=family, moment=moment
    )
    new_identity = identity(
        id_=device.id,
        serial=device.serial,
        model=model,
        family=family,
        registration_date=device.registration_date,
        last_modified_date=moment,
    )
    await tx.execute(queries.CHANGE_IDENTITY, **ours, new_identity=new_identity)
