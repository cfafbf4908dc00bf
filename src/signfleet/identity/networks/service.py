"""Creates, finds and locks networks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import DOT_SEGMENTS, id_of
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action
from signfleet.identity.networks import store as queries
from signfleet.identity.networks.levels import FREE, change_level, check_transition, insert_subscription
from signfleet.identity.networks.schemas import (
    Network,
    NetworkSettings,
    NetworkSubscription,
    last_change,
    network_of,
    subscription_of,
)
from signfleet.identity.networks.store import NetworkRow
from signfleet.identity.people.service import lock_person
from signfleet.identity.people.token_lifetimes import parse_lifetime
from signfleet.notify.events import kinds, recording
from signfleet.web.contract.conditional import NONE, Precondition

NAME_LIMIT: Final = 30

LIFETIMES: Final = {
    "user_access_token_lifetime": "userAccessTokenLifetime",
    "user_refresh_token_lifetime": "userRefreshTokenLifetime",
    "device_access_token_lifetime": "deviceAccessTokenLifetime",
    "device_refresh_token_lifetime": "deviceRefreshTokenLifetime",
    "device_registration_token_lifetime": "deviceRegistrationTokenLifetime",
}


def check_name(name: str) -> str:
    """Returns a network's name, trimmed. It is part of URLs and of `Network/login`. Raises `Invalid`."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or "/" in name or not name.isprintable():
        raise Invalid(f"'name': a network's name has 1 to {NAME_LIMIT} characters and no '/'.")
    if name in DOT_SEGMENTS:
        raise Invalid(f"'name': a network cannot be named '{name}', which has a meaning of its own in URLs.")
    if name.isascii() and name.isdigit():
        raise Invalid("'name': a network's name cannot be digits only: it would be read as an id.")
    return name


def columns_of(settings: NetworkSettings, at: str = "settings.") -> dict[str, Any]:
    """Returns settings as they are stored, lifetimes in ms. Raises `Invalid` naming the field, with `at` before it."""
    lifetimes = {
        column: parse_lifetime(f"{at}{wire_name}", getattr(settings, column)) for column, wire_name in LIFETIMES.items()
    }
    return {
        **lifetimes,
        "automatic_tagged_playlist_approval_enabled": settings.automatic_tagged_playlist_approval_enabled,
    }


#: Inserts the group that every network starts with: the id of the network, the time in ms.
InsertGroup = Callable[[Transaction, int, int], Awaitable[object]]
#: Makes a person the administrator of a network: the ids of network and person, the time in ms.
InsertAdministrator = Callable[[Transaction, int, int, int], Awaitable[object]]


async def insert_network(
    tx: Transaction, name: str, settings: NetworkSettings, now: int, *, level: str = FREE, trial: int = 0
) -> int:
    """Inserts a network with its subscription and returns its id. A trial lasts `trial` ms.

    Raises `Duplicate`, `Invalid`.
    """
    network_id = await tx.next_id("network")
    name = check_name(name)
    await tx.execute(
        queries.INSERT_NETWORK,
        id=network_id,
        name=name,
        name_key=fold(name),
        creation_date=now,
        last_modified_date=now,
        is_locked_out=False,
        lockout_date=None,
        last_lockout_date=None,
        settings_last_modified_date=now,
        protocol_1_until=None,
        join_key=None,
        **columns_of(settings),
    )
    await insert_subscription(tx, network_id, level, now, trial=trial)
    return network_id


class Networks:
    """Networks by id and by name, and what the operator does with them."""

    def __init__(
        self, store: Store, settings: Settings, insert_group: InsertGroup, insert_administrator: InsertAdministrator
    ) -> None:
        self._store = store
        self._trial = settings.trial_days * timespan.DAY
        self._most = settings.networks_per_person
        self._insert_group = insert_group
        self._insert_administrator = insert_administrator

    async def row(self, network_id: int) -> NetworkRow:
        """Returns the row of a network. Raises `NotFound`."""
        row = await self._store.one(queries.NETWORK_BY_ID, id=network_id)
        if row is None:
            raise NotFound(f"There is no network {network_id}.")
        return row

    async def find(self, name: str) -> NetworkRow | None:
        """Returns the row of the network with a name, in any letter case."""
        return await self._store.one(queries.NETWORK_BY_NAME, name_key=fold(name))

    async def list_(self) -> list[Network]:
        """Returns all networks of the installation, by name."""
        rows = await self._store.scan_all(queries.ALL_NETWORKS)
        return [network_of(row) for row in sorted(rows, key=lambda row: order_key(row.name))]

    async def of_person(self, person_id: int) -> list[Network]:
        """Returns the networks in which the person is a member, oldest first."""
        return [network_of(row) for row in await self._store.all(queries.NETWORKS_OF_PERSON, person_id=person_id)]

    async def create(
        self,
        name: str,
        now: int,
        settings: NetworkSettings | None = None,
        level: str = FREE,
        *,
        administrator: int | None = None,
    ) -> Network:
        """Creates a network, with the person `administrator` as its administrator or without members.

        Raises `Invalid` for a taken or unfit name and for a level that members cannot choose, and `QuotaReached`.
        """
        check_name(name)
        check_transition([], level, "subscription.level")

        async def work(tx: Transaction) -> int:
            if administrator is not None:
                await self._check_quota(tx, administrator)
            network_id = await insert_network(
                tx, name, settings or NetworkSettings(), now, level=level, trial=self._trial
            )
            await self._insert_group(tx, network_id, now)
            if administrator is not None:
                await self._insert_administrator(tx, network_id, administrator, now)
            row = await tx.one(queries.NETWORK_BY_ID, id=network_id)
            assert row is not None
            await record(
                tx, network_id, AuditEntry("Create", "Network", network_id, row.name, None, network_of(row)), now
            )
            events = [recording.Event(kinds.NetworkCreated(network_name=row.name))]
            if level != FREE:
                events.append(recording.Event(kinds.NetworkLevelChanged(from_=None, to=level)))
            await recording.record(tx, network_id, *events, now=now)
            return network_id

        try:
            network_id = await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'name': a network '{name}' exists already.") from None
        return network_of(await self.row(network_id))

    async def _check_quota(self, tx: Transaction, person_id: int) -> None:
        """Raises `QuotaReached` if a person administers as many networks as one may.

        It locks the person until the transaction ends, so that they create no other network at the same time.
        """
        await lock_person(tx, person_id)
        row = await tx.one(queries.COUNT_ADMINISTERED, person_id=person_id, role_id=ADMINISTRATORS.id)
        check_quota(row.total if row else 0, self._most, "networks that you administer", "networks_per_person")

    async def own(self, person_id: int, ref: str) -> NetworkRow:
        """Returns a network in which the person is a member, by id or name. Raises `NotFound`."""
        number = id_of(ref)
        if number is not None:
            row = await self._store.one(queries.OF_PERSON_BY_ID, person_id=person_id, id=number)
        else:
            row = await self._store.one(queries.OF_PERSON_BY_NAME, person_id=person_id, name_key=fold(ref))
        if row is None:
            raise NotFound(f"There is no network '{ref}' that you are a member of.")
        return row

    async def history(self, network_id: int) -> list[NetworkSubscription]:
        """Returns the network's subscriptions, newest first."""
        return [subscription_of(row) for row in await self._store.all(queries.SUBSCRIPTIONS, network_id=network_id)]

    async def set_level(self, network_id: int, level: str, now: int) -> None:
        """Sets any level, as the operator. Raises `Invalid` for one that does not exist."""

        async def work(tx: Transaction) -> None:
            await change_level(tx, network_id, level, now, trial=self._trial, by_member=False)

        await self._store.write(work)

    async def rename(self, network_id: int, name: str, now: int, precondition: Precondition = NONE) -> None:
        """Gives a network another name. Raises `NotFound`, `Stale`, and `Invalid` for a taken or unfit name."""
        name = check_name(name)

        async def work(tx: Transaction) -> None:
            await tx.one(queries.LOCK_NETWORK, id=network_id)
            row = await tx.one(queries.NETWORK_BY_ID, id=network_id)
            if row is None:
                raise NotFound("The network is gone.")
            precondition.check(row.last_modified_date, row.last_modified_date)
            if name == row.name:
                return
            modified = next_moment(last_change(row), now)
            await tx.execute(queries.RENAME, id_=network_id, new_name=name, new_name_key=fold(name), now=modified)
            entry = AuditEntry("Update", "Network", network_id, name, {"name": row.name}, {"name": name})
            await record(tx, network_id, entry, now)
            await recording.record(tx, network_id, recording.Event(kinds.NetworkSettingsChanged()), now=now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'name': a network '{name}' exists already.") from None

    async def set_locked(self, network: NetworkRow, locked: bool, now: int) -> None:
        """Locks a network, with all its users and players, from the next request on; or unlocks it."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                queries.SET_LOCKED,
                id_=network.id,
                locked=locked,
                new_lockout_date=now if locked else None,
                now=next_moment(last_change(network), now),
            )
            action: Action = "Lock" if locked else "Unlock"
            await record(tx, network.id, AuditEntry(action, "Network", network.id, network.name), now)
            event = recording.Event(kinds.NetworkLocked(is_locked_out=locked))
            await recording.record(tx, network.id, event, now=now)

        await self._store.write(work)
