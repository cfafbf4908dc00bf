"""Which network a player may join: that of a setup token, or that of a join address by its provisioning record."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.fleet.players import store as queries
from signfleet.fleet.players.refusals import NotListed, UnusableRecord
from signfleet.fleet.players.schemas import ListedPlayer, PlayerRegistration
from signfleet.fleet.provisioning.records.store import LOCK_RECORD_OF_SERIAL, RecordRow
from signfleet.fleet.provisioning.setups.document import ForPlayer, for_player
from signfleet.fleet.provisioning.setups.store import SETUP, SETUP_OF_NAME
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.tokens import hash_token

#: The model of a player that neither it nor its record names.
UNKNOWN_MODEL: Final = "Unknown"


class Entry(NamedTuple):
    """A player at the door of a network, where a setup token or its record lets it in."""

    network: queries.SetupNetwork
    player: PlayerRegistration
    is_listed: bool = False


async def of_setup_token(reader: Store | Transaction, setup_token: str, now: int) -> queries.SetupNetwork:
    """Returns the network that a setup token admits to. Raises `Unauthenticated`."""
    network = await reader.one(queries.SETUP_TOKEN, hash=hash_token(setup_token))
    if network is None:
        raise Unauthenticated("The setup token is unknown or was revoked.")
    if network.valid_to <= now:
        raise Unauthenticated("The setup token has expired; issue a new one.")
    if network.is_locked_out:
        raise Unauthenticated("The network of this setup token is locked out.")
    return network


class Listing(NamedTuple):
    """The network of a join address, and its record of a serial."""

    network: queries.SetupNetwork
    record: RecordRow


async def listing(reader: Store | Transaction, join_key: str, serial: str) -> Listing:
    """Returns what a join address knows of a serial, and locks the record. Raises `NotListed`."""
    network = await reader.one(queries.NETWORK_OF_JOIN_KEY, join_key=join_key)
    if network is None or network.is_locked_out:
        raise NotListed(serial)
    record = await reader.one(LOCK_RECORD_OF_SERIAL, network_id=network.id, serial_key=fold(serial))
    if record is None:
        raise NotListed(serial)
    return Listing(network, record)


async def by_record(tx: Transaction, listed: Listing, player: ListedPlayer, now: int) -> Entry:
    """Returns a player as its record and the record's setup want it. Raises `UnusableRecord`."""
    network, record = listed
    setup = await _setup(tx, network.id, record)
    if setup.token is not None:
        network = await _of_setup(tx, network, setup.token, now)
    wanted = PlayerRegistration(
        serial=player.serial,
        model=player.model or (record.model or "")[:64] or UNKNOWN_MODEL,
        firmware=player.firmware or "",
        name=(record.name or "")[:128] or setup.name or player.name,
        group=setup.group or player.group,
        timezone=setup.timezone or player.timezone,
        description=record.description or setup.description or player.description,
        location=player.location,
        can=player.can,
        device_secret=player.device_secret,
    )
    return Entry(network, wanted, is_listed=True)


async def _setup(tx: Transaction, network_id: int, record: RecordRow) -> ForPlayer:
    """Returns what the setup of a record decides; a record without one decides nothing but its own members."""
    if record.setup_id:
        row = await tx.one(SETUP, network_id=network_id, id=record.setup_id.lower())
    elif record.setup_name:
        row = await tx.one(SETUP_OF_NAME, network_id=network_id, package_key=fold(record.setup_name))
    else:
        return ForPlayer()
    if row is None:
        raise UnusableRecord(
            f"The network has no setup '{record.setup_id or record.setup_name}', which the record names."
        )
    return for_player(row.document)


async def _of_setup(tx: Transaction, network: queries.SetupNetwork, setup_token: str, now: int) -> queries.SetupNetwork:
    """Returns the network with the limits of the token in a setup, which must be one of the network."""
    try:
        of_token = await of_setup_token(tx, setup_token, now)
    except Unauthenticated as error:
        raise UnusableRecord(
            f"The setup of the record has a setup token that admits nobody: {error.message}"
        ) from error
    if of_token.id != network.id:
        raise UnusableRecord("The setup of the record has a setup token of another network.")
    return of_token
