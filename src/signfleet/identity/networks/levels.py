"""The subscription levels of networks, and who may change one to which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks import store as queries
from signfleet.identity.networks.schemas import Level, last_change
from signfleet.identity.networks.store import SubscriptionRow
from signfleet.notify.events import kinds, recording

#: Free and without an end: a network starts at this level and returns to it after a trial.
FREE: Final = "Control"
#: Everything, for a limited time; a network can have one trial.
TRIAL: Final = "Trial"
#: The end of a trial is announced so long before it, but not before its last quarter.
ANNOUNCED: Final = 7 * DAY
#: Everything; only the operator sets it.
PAID: Final = "Content"


def check_level(level: str) -> str:
    """Returns a level that exists. Raises `Invalid`."""
    if level not in get_args(Level):
        raise Invalid(f"'level': Unsupported value '{level}'; there are {', '.join(get_args(Level))}.")
    return level


def check_transition(history: Sequence[SubscriptionRow], level: str, field: str = "level") -> None:
    """Raises `Invalid` naming `field` unless members may change the network to `level`. `history` is newest first."""
    if level == PAID:
        raise Invalid(f"'{field}': only the operator of this server sets {PAID}.")
    if level == TRIAL and any(row.level == TRIAL for row in history):
        raise Invalid(f"'{field}': this network has had its trial; a network can have one.")


async def change_level(tx: Transaction, network_id: int, level: str, now: int, *, trial: int, by_member: bool) -> bool:
    """Closes the record in force and opens one of `level`; returns whether anything changed.

    A trial lasts `trial` ms. Members are bound by `check_transition`, the operator is not. Raises `Invalid`.
    """
    check_level(level)
    await tx.one(queries.LOCK_NETWORK, id=network_id)
    history = await tx.all(queries.SUBSCRIPTIONS, network_id=network_id)
    if history and history[0].level == level:
        return False
    if by_member:
        check_transition(history, level)
    opened = now
    network = await tx.one(queries.NETWORK_BY_ID, id=network_id)
    if history:
        opened = now if network is None else next_moment(last_change(network), now)
        await tx.execute(
            queries.CLOSE_SUBSCRIPTION, of_network_id=network_id, id_=history[0].subscription_id, now=opened
        )
    await insert_subscription(tx, network_id, level, opened, trial=trial)
    before = {"subscription": {"level": history[0].level if history else None}}
    name = None if network is None else network.name
    change = AuditEntry("Update", "Network", network_id, name, before, {"subscription": {"level": level}})
    await record(tx, network_id, change, now)
    data = kinds.NetworkLevelChanged(from_=history[0].level if history else None, to=level)
    await recording.record(tx, network_id, recording.Event(data), now=now)
    return True


async def announce_end(tx: Transaction, network_id: int, now: int) -> None:
    """Records that a trial ends soon, unless another transaction has done so or has changed the level."""
    await tx.one(queries.LOCK_NETWORK, id=network_id)
    row = await tx.one(queries.EXPIRING_TRIAL, id=network_id, now=now)
    if row is None or row.expire_date is None:
        return
    await tx.execute(queries.ANNOUNCED, of_network_id=network_id, id_=row.subscription_id)
    event = recording.Event(kinds.NetworkTrialExpiring(expire_date=datetime.format(row.expire_date)))
    await recording.record(tx, network_id, event, now=now)


async def insert_subscription(tx: Transaction, network_id: int, level: str, now: int, *, trial: int) -> None:
    """Opens a record of `level`; one of a trial expires after `trial` ms."""
    await tx.execute(
        queries.INSERT_SUBSCRIPTION,
        network_id=network_id,
        id=await tx.next_id("network_subscription"),
        level=level,
        creation_date=now,
        last_modified_date=now,
        expire_date=now + trial if level == TRIAL else None,
        notice_date=now + trial - min(ANNOUNCED, trial // 4) if level == TRIAL else None,
    )
