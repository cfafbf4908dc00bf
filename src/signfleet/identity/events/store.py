"""The SQL of listing and streaming events, with the conditions of who may see them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, false, func, or_, select, tuple_

from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import EVERYTHING, Listing, Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit, event
from signfleet.notify.events.kinds import ABOUT_USERS
from signfleet.notify.events.store import COLUMNS, EventRow

#: The column by which permissions decide on an event.
DEVICE_ID: Final = event.c.device_id
_USERS: Final = [kind.__name__ for kind in ABOUT_USERS]


def visible(devices: Scope, *, network: bool, users: bool) -> Scope:
    """Returns the scope of events that a caller may see.

    Events of devices by `devices`, a scope of `DEVICE_ID`; those of a serial without a device if the caller sees every
    device; those of the network if `network`, of them those about users if `users`.
    """
    if not devices.conditions and network and users:
        return EVERYTHING
    shown: list[ColumnElement[bool]] = [and_(event.c.device_id.is_not(None), *devices.conditions)]
    if not devices.conditions:
        shown.append(and_(event.c.device_id.is_(None), event.c.serial.is_not(None)))
    if network:
        of_network = and_(event.c.device_id.is_(None), event.c.serial.is_(None))
        shown.append(of_network if users else and_(of_network, *(event.c.kind != kind for kind in _USERS)))
    return Scope(f"events: {devices.name} {network} {users}", (or_(*shown),), devices.parameters)


#: No limit: as many as there are between two positions.
ALL: Final = 2**31 - 1
_position = tuple_(event.c.transaction_id, event.c.id)


def _bound(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger())


def matching_between(listing: Listing, filter: Filter | None, scope: Scope) -> Query[EventRow]:
    """Returns the query of matching events after one position, up to and including another, in their order."""
    between = (
        _position > tuple_(_bound("after_transaction"), _bound("after_id")),
        _position <= tuple_(_bound("upto_transaction"), _bound("upto_id")),
    )
    statement = listing.matching(select(*COLUMNS), filter, scope).where(*between)
    ordered = statement.order_by(event.c.transaction_id, event.c.id).limit(bindparam("limit", type_=Integer()))
    return Query(ordered, EventRow)


class FactRow(Protocol):
    kind: str
    device_id: int | None


def facts_between(scope: Scope) -> Query[FactRow]:
    """Returns the query of the kinds and devices of visible events after one position, up to and including another."""
    statement = (
        select(event.c.kind, event.c.device_id)
        .where(
            event.c.network_id == bindparam("network_id"),
            *scope.conditions,
            _position > tuple_(_bound("after_transaction"), _bound("after_id")),
            _position <= tuple_(_bound("upto_transaction"), _bound("upto_id")),
        )
        .limit(bindparam("limit", type_=Integer()))
    )
    return Query(statement, FactRow)


class Unsettled(Protocol):
    id: int


#: An event of a network after a position: it could not be read yet, because an older transaction was running.
UNSETTLED = Query(
    select(event.c.id)
    .where(
        event.c.network_id == bindparam("network_id"),
        _position > tuple_(_bound("after_transaction"), _bound("after_id")),
    )
    .limit(1),
    Unsettled,
)


class ChangeHintRow(Protocol):
    id: int
    entity: str
    device_id: int | None


#: The column by which permissions decide on a change of a device.
CHANGED_DEVICE_ID: Final = audit.c.device_id


def visible_changes(devices: Scope, entities: Collection[str]) -> Scope:
    """Returns the scope of changes of entities of some kinds; of those about devices, `devices` is the scope."""
    of_a_device = and_(audit.c.device_id.is_not(None), *devices.conditions)
    named = or_(false(), *(audit.c.entity == entity for entity in sorted(entities)))
    conditions = (named, or_(audit.c.device_id.is_(None), of_a_device))
    return Scope(f"changes: {devices.name} {sorted(entities)}", conditions, devices.parameters)


def changes_after(scope: Scope) -> Query[ChangeHintRow]:
    """Returns the query of the latest visible changes after one."""
    statement = (
        select(audit.c.id, audit.c.entity, audit.c.device_id)
        .where(
            audit.c.network_id == bindparam("network_id"),
            audit.c.id > _bound("after"),
            *scope.conditions,
        )
        .order_by(audit.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
    )
    return Query(statement, ChangeHintRow)


class LastChange(Protocol):
    id: int | None


LAST_CHANGE = Query(
    select(func.max(audit.c.id).label("id")).where(audit.c.network_id == bindparam("network_id")), LastChange
)
