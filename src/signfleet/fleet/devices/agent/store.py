"""The SQL of what the software of players says of itself."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Text, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_agent, device_document

_NETWORK = device_agent.c.network_id == bindparam("network_id")


class AgentRow(Protocol):
    #: JSON
    can: str | None
    applied_etag: str | None
    #: ms
    applied_date: int | None
    #: JSON
    failed: str | None
    #: Bits of `reporting.APPLIED` and `reporting.REFUSED`.
    announced: int


_COLUMNS = (
    device_agent.c.can,
    device_agent.c.applied_etag,
    device_agent.c.applied_date,
    device_agent.c.failed,
    device_agent.c.announced,
)
AGENT = Query(select(*_COLUMNS).where(_NETWORK, device_agent.c.device_id == bindparam("device_id")), AgentRow)


class DeviceAgentRow(AgentRow, Protocol):
    #: JSON
    settings: str


#: The settings of a device, and what its player says of itself, which is null if it has said nothing.
DEVICE_AGENT = Query(
    select(device_document.c.settings, *_COLUMNS)
    .select_from(device_document)
    .outerjoin(
        device_agent,
        and_(
            device_agent.c.network_id == device_document.c.network_id,
            device_agent.c.device_id == device_document.c.device_id,
        ),
    )
    .where(
        device_document.c.network_id == bindparam("network_id"), device_document.c.device_id == bindparam("device_id")
    ),
    DeviceAgentRow,
)
#: Joins a device to what its player says of itself.
AGENT_OF_DEVICE = and_(device_agent.c.network_id == device.c.network_id, device_agent.c.device_id == device.c.id)

_insert = insert(device_agent)


def _upsert(*names: str) -> Query[Any]:
    """Writes some columns of a device's row, which it inserts if there is none."""
    return Query(
        _insert.on_conflict_do_update(
            index_elements=[device_agent.c.device_id], set_={name: _insert.excluded[name] for name in names}
        ),
        columns=["network_id", "device_id", *names],
    )


SET_CAN = _upsert("can")
SET_APPLIED = _upsert("applied_etag", "applied_date", "failed", "announced")


class UnableDevice(Protocol):
    device_id: int
    #: JSON
    can: str


_unable = and_(
    _NETWORK,
    among(device_agent.c.device_id, "ids"),
    device_agent.c.can.not_like(bindparam("pattern", type_=Text())),
)
#: Those of some devices whose players cannot do a command: their list has nothing like the `pattern`.
UNABLE = Query(select(device_agent.c.device_id, device_agent.c.can).where(_unable), UnableDevice)


class UnableDevices(Protocol):
    devices: int


COUNT_UNABLE = Query(select(func.count().label("devices")).where(_unable), UnableDevices)


def pattern_of(command: str) -> str:
    """Returns what the stored list of a player that can do a command is like."""
    return f'%"{command}"%'
