"""The SQL of maintained counts: reads what a caller may see of them, adds changes up, and compares with the devices."""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.fleet.devices.store import NETWORK_ID
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.counters import COUNTED_CHANGES
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import Key, device, device_count, device_count_change, network_total

#: What is counted.
By = Literal["network", "group", "model", "place"]
KINDS: Final[tuple[By, ...]] = ("network", "group", "model", "place")

_Columns = Any


def key_of(columns: _Columns, by: By) -> ColumnElement[str]:
    """Returns the key under which a device, or a change of the counts, counts."""
    match by:
        case "network":
            return literal_column("''", Key)
        case "group":
            return cast(columns.group_id, Key)
        case "model":
            return columns.model_key  # type: ignore[no-any-return]  # a column by name
        case "place":
            return columns.location_key  # type: ignore[no-any-return]  # a column by name


class HealthCountRow(Protocol):
    key: str
    health: str
    total: int


def counts(by: By, scope: Scope) -> Query[HealthCountRow]:
    """Returns the query of how many devices of the scope there are, by key and health."""
    parts = visible(by, scope).subquery()
    total = func.sum(parts.c.number)
    grouped = select(parts.c.key, parts.c.health, cast(total, BigInteger).label("total"))
    return Query(grouped.group_by(parts.c.key, parts.c.health).having(total != 0).order_by(parts.c.key), HealthCountRow)


class TotalRow(Protocol):
    key: str
    total: int


def totals(by: By, scope: Scope) -> Query[TotalRow]:
    """Returns the query of how many devices of the scope each of the listed `keys` has."""
    parts = visible(by, scope, lambda key: among(key, "keys")).subquery()
    total = cast(func.sum(parts.c.number), BigInteger).label("total")
    return Query(select(parts.c.key, total).group_by(parts.c.key), TotalRow)


def visible(by: By, scope: Scope, within: _Within | None = None) -> Any:
    """Returns rows of `key`, `health` and `number` whose sums are the counts of the devices in the scope.

    With few exceptions these are the maintained counts less the exceptions; for a caller who may see few devices they
    are those devices. `within` restricts the rows by their key.
    """
    if scope.conditions and not scope.excluded:
        return _devices(by, 1, scope, scope.conditions, within)
    counted = select(device_count.c.key, device_count.c.health, device_count.c.total.label("number")).where(
        device_count.c.network_id == NETWORK_ID, device_count.c.by == by
    )
    changed_key = key_of(device_count_change.c, by)
    changed = select(
        changed_key.label("key"), device_count_change.c.health, device_count_change.c.change.label("number")
    ).where(device_count_change.c.network_id == NETWORK_ID, changed_key.is_not(None))
    if within is not None:
        counted, changed = counted.where(within(device_count.c.key)), changed.where(within(changed_key))
    parts = [counted, changed]
    if scope.conditions:
        parts.append(_devices(by, -1, scope, scope.excluded, within))
    return union_all(*parts)


class _Within(Protocol):
    def __call__(self, key: ColumnElement[str]) -> ColumnElement[bool]: ...


def _devices(
    by: By, number: int, scope: Scope, conditions: tuple[ColumnElement[bool], ...], within: _Within | None
) -> Select[Any]:
    """Returns a row for each device of a scope that has few."""
    key = key_of(device.c, by)
    statement = select(key.label("key"), device.c.health, literal(number, Integer()).label("number"))
    if scope.admitted is not None:
        statement = statement.select_from(device.join(scope.admitted.ids, scope.admitted.ids.c.id == device.c.id))
        conditions = ()
    statement = statement.where(device.c.network_id == NETWORK_ID, key.is_not(None), *conditions)
    return statement if within is None else statement.where(within(key))


class ChangeRow(Protocol):
    id: int
    network_id: int
    group_id: int
    model_key: str
    location_key: str | None
    health: str
    change: int


class VersionRow(Protocol):
    version: int


#: How often a device of a network has come, gone, moved or changed in what is counted. Adding changes up leaves it.
_waiting = select(func.count()).select_from(device_count_change).where(device_count_change.c.network_id == NETWORK_ID)
_added_up = select(network_total.c.total).where(
    network_total.c.network_id == NETWORK_ID, network_total.c.entity == COUNTED_CHANGES
)
VERSION = Query(
    select((_waiting.scalar_subquery() + func.coalesce(_added_up.scalar_subquery(), 0)).label("version")), VersionRow
)
ANY_CHANGE = Query(select(device_count_change.c.id).limit(1))
#: Locks the oldest changes until the transaction ends, without those that another process adds up.
LOCK_CHANGES = Query(
    select(device_count_change)
    .order_by(device_count_change.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True),
    ChangeRow,
)
DELETE_CHANGES = Query(device_count_change.delete().where(among(device_count_change.c.id, "ids")))
_KEY = tuple(device_count.primary_key.columns)
_add = insert(device_count)
ADD = Query(
    _add.on_conflict_do_update(index_elements=list(_KEY), set_={"total": device_count.c.total + _add.excluded.total})
)


def _missing(by: By) -> CTE:
    """Returns, for each key and health, the devices that there are less those that are counted."""
    counted = select(
        device_count.c.network_id, device_count.c.key, device_count.c.health, (-device_count.c.total).label("number")
    ).where(device_count.c.by == literal(by, Text()))
    change_key, key = key_of(device_count_change.c, by), key_of(device.c, by)
    changed = select(
        device_count_change.c.network_id, change_key, device_count_change.c.health, -device_count_change.c.change
    ).where(change_key.is_not(None))
    grouped = (device.c.network_id, device.c.health, *(() if by == "network" else (key,)))  # by no constant
    there = select(device.c.network_id, key, device.c.health, func.count()).where(key.is_not(None)).group_by(*grouped)
    rows = union_all(counted, changed, there).subquery()
    difference = func.sum(rows.c.number)
    total = cast(difference, BigInteger).label("total")
    columns = (rows.c.network_id, literal(by, Text()).label("by"), rows.c.key, rows.c.health, total)
    groups = (rows.c.network_id, rows.c.key, rows.c.health)
    return select(*columns).group_by(*groups).having(difference != 0).cte("missing")


class NetworkRow(Protocol):
    network_id: int


class MissingCountRow(HealthCountRow, Protocol):
    network_id: int
    by: str


def _correction(by: By) -> Query:
    missing = _missing(by)
    names = ["network_id", "by", "key", "health", "total"]
    add = insert(device_count).from_select(names, select(missing).where(literal(value=True)))
    total = device_count.c.total + add.excluded.total
    return Query(add.on_conflict_do_update(index_elements=list(_KEY), set_={"total": total}))


#: What each kind of maintained counts lacks; nothing if they are right. Reads all devices.
MISSING = tuple(Query(select(_missing(by)), MissingCountRow) for by in KINDS)
#: Adds what they lack. A statement sees one state of the store, and it adds, so others may write meanwhile.
CORRECT = tuple(_correction(by) for by in KINDS)
DELETE_EMPTY = Query(device_count.delete().where(device_count.c.total == 0))
#: The networks that have counts.
NETWORKS = Query(select(device_count.c.network_id).distinct().order_by(device_count.c.network_id), NetworkRow)
