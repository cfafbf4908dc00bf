"""The SQL of secrets of devices, blocked serials and claims."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.storage.query import Query
from signfleet.storage.tables import blocked_serial, device_secret, network, session

#: Locks the row until the transaction ends. Lock order: device, device_secret, session, token.
SECRET_TO_CHANGE = Query(
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
UNBLOCK = Query(delete(blocked_serial).where(*_this_block))
#: A page of the blocked serials of a network, after one of them.
BLOCKS = Query(
    select(blocked_serial.c.serial, blocked_serial.c.serial_key, blocked_serial.c.date)
    .where(blocked_serial.c.network_id == bindparam("network_id"), blocked_serial.c.serial_key > bindparam("after_key"))
    .order_by(blocked_serial.c.serial_key)
    .limit(bindparam("count"))
)

PROTOCOL_1 = Query(select(network.c.protocol_1_until).where(network.c.id == bindparam("network_id")))
#: Locks the network until the transaction ends.
PROTOCOL_1_TO_CHANGE = Query(
    select(network.c.name, network.c.protocol_1_until).where(network.c.id == bindparam("network_id")).with_for_update()
)
SET_PROTOCOL_1 = Query(
    network.update().where(network.c.id == bindparam("id_")).values(protocol_1_until=bindparam("until"))
)
