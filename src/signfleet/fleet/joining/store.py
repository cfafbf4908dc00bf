"""The SQL of secrets of devices, blocked serials and claims."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.fleet.provisioning.store import StoredToken
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import blocked_serial, device_secret, network, serial_claim, session, token

#: Locks the row until the transaction ends. Lock order: device, device_secret, session, token.
LOCK_SECRET = Query(
    select(
        device_secret.c.hash,
        device_secret.c.issue_date,
        device_secret.c.is_received,
        device_secret.c.is_presented,
        device_secret.c.address,
    )
    .where(device_secret.c.network_id == bindparam("network_id"), device_secret.c.device_id == bindparam("device_id"))
    .with_for_update()
)
_secret = insert(device_secret)
PUT_SECRET = Query(
    _secret.on_conflict_do_update(
        index_elements=[device_secret.c.network_id, device_secret.c.device_id],
        set_={
            name: _secret.excluded[name] for name in ("hash", "issue_date", "is_received", "is_presented", "address")
        },
    )
)
END_SESSIONS = Query(
    session.delete().where(
        session.c.network_id == bindparam("in_network"), session.c.device_id == bindparam("of_device")
    )
)

_this_block = (
    blocked_serial.c.network_id == bindparam("network_id"),
    blocked_serial.c.serial_key == bindparam("serial_key"),
)
BLOCK = Query(select(blocked_serial.c.serial).where(*_this_block))
#: What scopes of permissions compare: the id of the deleted device.
BLOCKED_DEVICE_ID = blocked_serial.c.device_id


def unblock(scope: Scope) -> Query:
    """Deletes a block if the scope admits its device."""
    return Query(delete(blocked_serial).where(*_this_block, *scope.conditions))


def blocks(scope: Scope) -> Query:
    """Selects a page of the blocked serials of a network whose devices the scope admits."""
    after = blocked_serial.c.serial_key > bindparam("after_key")
    return Query(
        select(blocked_serial.c.serial, blocked_serial.c.serial_key, blocked_serial.c.date)
        .where(blocked_serial.c.network_id == bindparam("network_id"), after, *scope.conditions)
        .order_by(blocked_serial.c.serial_key)
        .limit(bindparam("count"))
    )


class StoredRules(Protocol):
    """The joining rules of a network."""

    name: str
    #: ms
    protocol_1_until: int | None
    join_key: str | None


_rules = select(network.c.name, network.c.protocol_1_until, network.c.join_key).where(
    network.c.id == bindparam("network_id")
)
RULES = Query(_rules, StoredRules)
#: Locks the network until the transaction ends.
LOCK_RULES = Query(_rules.with_for_update(), StoredRules)
SET_RULES = Query(
    network.update()
    .where(network.c.id == bindparam("id_"))
    .values(protocol_1_until=bindparam("until"), join_key=bindparam("new_join_key"))
)

_this_claim = (
    serial_claim.c.network_id == bindparam("network_id"),
    serial_claim.c.serial_key == bindparam("serial_key"),
)


class StoredClaim(Protocol):
    serial: str
    author: str
    #: ms
    date: int


class NamedClaim(StoredClaim, Protocol):
    #: Of the network.
    name: str


PUT_CLAIM = Query(insert(serial_claim).on_conflict_do_nothing())
CLAIM = Query(select(serial_claim).where(*_this_claim), StoredClaim)
DELETE_CLAIM = Query(delete(serial_claim).where(*_this_claim))
CLAIM_COUNT = Query(
    select(func.count()).select_from(serial_claim).where(serial_claim.c.network_id == bindparam("network_id"))
)
CLAIMS_OF_NETWORK = Query(
    select(serial_claim)
    .where(serial_claim.c.network_id == bindparam("network_id"))
    .order_by(serial_claim.c.serial_key)
    .limit(bindparam("count")),
    StoredClaim,
)
#: The claims of all networks, the oldest first.
CLAIMS = Query(
    select(serial_claim.c.serial, serial_claim.c.author, serial_claim.c.date, network.c.name)
    .join(network, network.c.id == serial_claim.c.network_id)
    .order_by(serial_claim.c.date, serial_claim.c.serial_key),
    NamedClaim,
)

_setup_tokens = (token.c.kind == "setup", token.c.network_id == bindparam("network_id"))
#: A page of the unexpired setup tokens of a network.
SETUP_TOKENS = Query(
    select(token)
    .where(
        *_setup_tokens,
        token.c.valid_to > bindparam("now"),
        or_(
            token.c.valid_to > bindparam("after_date"),
            and_(token.c.valid_to == bindparam("after_date"), token.c.hash > bindparam("after_hash")),
        ),
    )
    .order_by(token.c.valid_to, token.c.hash)
    .limit(bindparam("count")),
    StoredToken,
)
