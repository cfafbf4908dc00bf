"""Players join a network, and renew their tokens."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
import structlog

from signfleet.access.issuing import Issued, Lifetimes, Refused, open_session, renew, take_refresh_token
from signfleet.access.tokens import DEVICE_SCOPE, hash_token
from signfleet.actor import act_under
from signfleet.audit.recording import Change, record
from signfleet.devices.documents import identity
from signfleet.devices.keeping import next_moment
from signfleet.devices.models.catalog import family_of
from signfleet.devices.registration import NewDevice, create
from signfleet.devices.schemas import Location
from signfleet.devices.store import GROUP_BY_NAME
from signfleet.errors import Conflict, Unauthenticated
from signfleet.geography.location import complete_location
from signfleet.groups.creation import DEFAULT_GROUP, insert_group
from signfleet.http.errors import OAuthError
from signfleet.players import store as queries
from signfleet.players.schemas import DeviceReference, NetworkReference, Registered, Registration, Tokens
from signfleet.storage.interface import Duplicate, Row, Store, Transaction, UnitOfWork
from signfleet.subscriptions.service import Subscriptions
from signfleet.wire.text import fold

DEFAULT_ZONE = "GMT"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Players:
    """Lets players in."""

    def __init__(self, store: Store, subscriptions: Subscriptions) -> None:
        self._store = store
        self._subscriptions = subscriptions

    async def register(self, setup_token: str, player: Registration, now: int) -> tuple[Registered, bool]:
        """Let a player into the setup token's network; says whether it is new there.

        A device that is known keeps everything but its tokens, and its model if that is another now. Raises
        `Unauthenticated` for a bad setup token and `Conflict` when the serial lives in another network.
        """
        network = await self._network(setup_token, now)
        act_under(f"player {player.serial}")
        location = None if player.location is None else await asyncio.to_thread(_complete, player.location)

        async def work(tx: Transaction) -> tuple[Registered, bool]:
            known = await tx.one(queries.DEVICE_OF_SERIAL, serial_key=fold(player.serial))
            if known is None:
                new = await _new_device(tx, network.id, player, location, now)
                device_id, serial, sequence = await create(tx, network.id, new, now), player.serial, 0
                await self._subscriptions.on_registration(tx, network.id, device_id, serial, now)
                after = {"model": new.model, "settings": {"name": new.name, "group": {"name": new.group_name}}}
                await record(tx, network.id, Change("Create", "Device", device_id, serial, None, after), now)
            elif known.network_id == network.id:
                device_id, serial, sequence = known.id, known.serial, known.report_sequence
                if await tx.execute(queries.END_SESSIONS, in_network=network.id, of_device=device_id):
                    ended = Change("Revoke", "Token", name=serial, before={"deviceId": device_id})
                    await record(tx, network.id, ended, now)
                if known.model != player.model:
                    await _change_model(tx, known, player.model, now)
                    before, after = {"model": known.model}, {"model": player.model}
                    await record(tx, network.id, Change("Update", "Device", device_id, serial, before, after), now)
            else:
                raise Conflict(
                    f"The serial number '{player.serial}' is registered in another network; delete the device there"
                    " first, or use a setup token of that network."
                )
            issued = await open_session(
                tx,
                scope=DEVICE_SCOPE,
                lifetimes=_lifetimes(network),
                now=now,
                network_id=network.id,
                device_id=device_id,
            )
            registered = Registered.of(
                issued,
                device=DeviceReference(id=device_id, serial=serial),
                network=NetworkReference(id=network.id, name=network.name),
                sequence=sequence,
            )
            return registered, known is None

        registered, is_new = await self._write(work)
        log.info(
            "player registered",
            serial=player.serial,
            model=player.model,
            firmware=player.firmware,
            network=network.id,
            device=registered.device.id,
            new=is_new,
        )
        return registered, is_new

    async def _write(self, work: UnitOfWork[T]) -> T:
        """Run `work` again where another process took the serial, or made the group, since it looked."""
        for _ in range(2):
            try:
                return await self._store.write(work)
            except Duplicate:
                continue
        return await self._store.write(work)

    async def refresh(self, refresh_token: str, now: int) -> Tokens:
        """New tokens for old. Raises OAuth's `invalid_grant`; a token that comes twice ends all of the device's."""

        async def work(tx: Transaction) -> Issued | Refused:
            taken = await take_refresh_token(tx, refresh_token, now)
            if isinstance(taken, Refused):
                return taken
            if taken.device_id is None:
                raise OAuthError(400, "invalid_grant", "The refresh token belongs to a person, not to a player.")
            network = await tx.one(queries.LIFETIMES, network_id=taken.network_id)
            return await renew(tx, taken.session_id, scope=taken.scope, lifetimes=_lifetimes(network), now=now)

        issued = await self._store.write(work)
        if isinstance(issued, Refused):
            raise OAuthError(400, "invalid_grant", issued.reason)
        return Tokens.of(issued)

    async def _network(self, setup_token: str, now: int) -> Row:
        network = await self._store.one(queries.SETUP_TOKEN, hash=hash_token(setup_token))
        if network is None:
            raise Unauthenticated("The setup token is unknown or was revoked.")
        if network.valid_to <= now:
            raise Unauthenticated("The setup token has expired; issue a new one.")
        if network.is_locked_out:
            raise Unauthenticated("The network of this setup token is locked out.")
        return network


def _complete(location: Location) -> Location:
    """The names and paths that follow from the coordinates and from the names that are given."""
    location.path = location.path_long_name = None
    return msgspec.convert(complete_location(msgspec.to_builtins(location)), Location)


def _lifetimes(network: Row) -> Lifetimes:
    return Lifetimes(network.device_access_token_lifetime, network.device_refresh_token_lifetime)


async def _new_device(
    tx: Transaction, network_id: int, player: Registration, location: Location | None, now: int
) -> NewDevice:
    name = (player.group or "").strip() or DEFAULT_GROUP
    group = await tx.one(GROUP_BY_NAME, network_id=network_id, name_key=fold(name))
    group_id, group_name = (group.id, group.name) if group else (await insert_group(tx, network_id, name, now), name)
    if group is None:
        await record(tx, network_id, Change("Create", "Group", group_id, name, None, {"name": name}), now)
    return NewDevice(
        serial=player.serial,
        model=player.model,
        name=player.name or player.serial,
        group_id=group_id,
        group_name=group_name,
        timezone=player.timezone or DEFAULT_ZONE,
        description=player.description,
        location=location,
    )


async def _change_model(tx: Transaction, device: Row, model: str, now: int) -> None:
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
