"""The SQL of the tags in use."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, distinct, func, select

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device_tag, tag_key


class KeyRow(Protocol):
    """A key in use."""

    id: int
    type: str
    is_system: int
    entity: str
    name: str


class ValueRow(Protocol):
    """A value in use."""

    value: str


class CountedKeyRow(KeyRow, Protocol):
    """A key in use, with how many devices have it, and how many values it has."""

    devices: int
    values: int


class CountedValueRow(Protocol):
    """A value in use, with how many devices have it."""

    value: str
    devices: int


#: The column that permissions for single devices refer to.
DEVICE_ID = device_tag.c.device_id


def keys_in_use(scope: Scope) -> Query[KeyRow]:
    """Returns a query for the keys of tags on devices that the scope admits."""
    used = (
        select(device_tag.c.device_id)
        .where(device_tag.c.network_id == tag_key.c.network_id, device_tag.c.tag_id == tag_key.c.id, *scope.conditions)
        .correlate(tag_key)
        .exists()
    )
    return Query(
        select(tag_key.c.id, tag_key.c.type, tag_key.c.is_system, tag_key.c.entity, tag_key.c.name)
        .where(and_(tag_key.c.network_id == bindparam("network_id"), used))
        .order_by(tag_key.c.name_order, tag_key.c.id),
        KeyRow,
    )


def values_in_use(scope: Scope) -> Query[ValueRow]:
    """Returns a query for the values, each once, that keys (`ids`) have on devices that the scope admits."""
    return Query(
        select(device_tag.c.value)
        .where(device_tag.c.network_id == bindparam("network_id"), among(device_tag.c.tag_id, "ids"), *scope.conditions)
        .group_by(device_tag.c.value)
        .order_by(
            func.min(device_tag.c.value_order).nulls_first(),
            func.min(device_tag.c.value_number).nulls_first(),
            device_tag.c.value,
        ),
        ValueRow,
    )


def counted_keys(scope: Scope) -> Query[CountedKeyRow]:
    """Returns a query for the keys of tags on devices that the scope admits, with their counts."""
    counted = (
        select(
            device_tag.c.tag_id,
            func.count().label("devices"),
            func.count(distinct(device_tag.c.value)).label("values"),
        )
        .where(device_tag.c.network_id == bindparam("network_id"), *scope.conditions)
        .group_by(device_tag.c.tag_id)
        .subquery()
    )
    return Query(
        select(
            tag_key.c.id,
            tag_key.c.type,
            tag_key.c.is_system,
            tag_key.c.entity,
            tag_key.c.name,
            counted.c.devices,
            counted.c["values"],
        )
        .join(counted, counted.c.tag_id == tag_key.c.id)
        .where(tag_key.c.network_id == bindparam("network_id"))
        .order_by(tag_key.c.name_order, tag_key.c.id),
        CountedKeyRow,
    )


def counted_values(scope: Scope) -> Query[CountedValueRow]:
    """Returns a query for the most frequent values of a key (`tag_id`) on devices that the scope admits."""
    devices = func.count().label("devices")
    return Query(
        select(device_tag.c.value, devices)
        .where(
            device_tag.c.network_id == bindparam("network_id"),
            device_tag.c.tag_id == bindparam("tag_id"),
            *scope.conditions,
        )
        .group_by(device_tag.c.value)
        .order_by(devices.desc(), func.min(device_tag.c.value_order).nulls_first(), device_tag.c.value)
        .limit(bindparam("limit")),
        CountedValueRow,
    )
