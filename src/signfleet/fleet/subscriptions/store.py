"""The SQL of device subscriptions."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.fleet.subscriptions.schemas import Status, Type
from signfleet.foundation.storage.dates import NEXT_MOMENT
from signfleet.foundation.storage.query import Query, among, merged, with_id
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_properties,
    device_status,
    grace,
    network_total,
    subscription,
)

#: How many subscriptions one transaction of the sweep updates.
BATCH = 500
#: How many devices one statement reads, in the event loop on SQLite, and the seconds until the next one.
WINDOW = 100
PAUSE = 0.01
#: How many devices get a subscription in one transaction, so that other writers do not wait for all of them.
INSERTED_AT_ONCE = 20

#: What scopes of permissions compare: the device of a subscription, its id, and whether it has no device.
DEVICE_ID = subscription.c.device_id
SUBSCRIPTION_ID = subscription.c.id
IN_STOCK = subscription.c.device_id.is_(None)


class StoredSubscription(Protocol):
    """A row of `subscription`; dates and periods are in ms."""

    network_id: int
    id: int
    device_id: int | None
    #: Null where `device_id` is.
    serial: str
    type: Type
    activity_period: int
    status: Status
    creation_date: int
    last_modified_date: int
    activation_date: int | None
    suspension_date: int | None
    expiration_date: int | None
    #: When the sweep looks at it.
    due_date: int | None


class DueSubscription(Protocol):
    network_id: int
    id: int
    device_id: int | None


_of_network = select(subscription).where(subscription.c.network_id == bindparam("network_id"))

SUBSCRIPTIONS_AMONG = Query(_of_network.where(among(subscription.c.id, "ids")), StoredSubscription)
#: Locks the subscriptions of a device until the transaction ends. Unordered: for an order SQLite would read the whole
#: network.
SUBSCRIPTIONS_OF_DEVICE = Query(
    _of_network.where(subscription.c.device_id == bindparam("device_id")).with_for_update(), StoredSubscription
)
SUBSCRIPTIONS_OF_DEVICES = Query(
    _of_network.where(among(subscription.c.device_id, "device_ids")).with_for_update(), StoredSubscription
)
#: Locks the next subscription of the stock, first those whose time runs already. Skips what another process has locked.
STOCK = Query(
    _of_network.where(subscription.c.device_id.is_(None), subscription.c.status != "Suspended")
    .order_by(case((subscription.c.activation_date.is_not(None), 0), else_=1), subscription.c.id)
    .limit(1)
    .with_for_update(skip_locked=True),
    StoredSubscription,
)
DUE = Query(
    select(subscription.c.network_id, subscription.c.id, subscription.c.device_id)
    .where(subscription.c.due_date <= bindparam("now"))
    .order_by(subscription.c.due_date)
    .limit(BATCH),
    DueSubscription,
)
#: Locks those of some subscriptions that are still due and are in stock or belong to one of some locked devices.
DUE_AMONG = Query(
    _of_network.where(
        among(subscription.c.id, "ids"),
        subscription.c.due_date <= bindparam("now"),
        or_(subscription.c.device_id.is_(None), among(subscription.c.device_id, "device_ids")),
    )
    .order_by(subscription.c.due_date)
    .with_for_update(skip_locked=True),
    StoredSubscription,
)
INSERT = Query(subscription.insert())
_this = with_id(subscription.c.id)
UPDATE = Query(
    subscription.update()
    .where(_this)
    .values(
        {
            column: bindparam(column.name)
            for column in subscription.c
            if column.name not in ("network_id", "id", "creation_date", "type", "activity_period")
        }
    )
)
#: Only when the sweep looks at it again; nothing that clients see.
SET_DUE = Query(subscription.update().where(_this).values(due_date=bindparam("next_date")))
DELETE_AMONG = Query(
    subscription.delete().where(subscription.c.network_id == bindparam("network_id"), among(subscription.c.id, "ids"))
)
DELETE = Query(subscription.delete().where(_this))

DEMOS = Query(_of_network.where(subscription.c.type == "Demo"))

#: Devices that have reported and have no subscription, a Grace or a suspended one; the first registered first.
WAITING = Query(
    select(device.c.id, device.c.serial)
    .join(
        device_status, and_(device_status.c.network_id == device.c.network_id, device_status.c.device_id == device.c.id)
    )
    .outerjoin(
        subscription, and_(subscription.c.network_id == device.c.network_id, subscription.c.device_id == device.c.id)
    )
    .where(
        device.c.network_id == bindparam("network_id"),
        device_status.c.status_date.is_not(None),
        or_(subscription.c.id.is_(None), subscription.c.type == "Grace", subscription.c.status == "Suspended"),
    )
    .order_by(subscription.c.id.is_not(None), device.c.registration_date, device.c.id)
    .limit(bindparam("limit"))
)

#: Lock order: devices, by their ids, before their subscriptions.
_devices = (
    select(device.c.id)
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids"))
    .order_by(device.c.id)
)
#: Locks devices until the transaction ends.
LOCK_DEVICES = Query(_devices.with_for_update())
#: The same, but skips those that another transaction has locked.
LOCK_FREE_DEVICES = Query(_devices.with_for_update(skip_locked=True))

_window = (
    select(device.c.network_id, device.c.id)
    .where(
        tuple_(device.c.network_id, device.c.id) > tuple_(bindparam("after_network_id"), bindparam("after_device_id"))
    )
    .order_by(device.c.network_id, device.c.id)
    .limit(bindparam("limit"))
    .subquery()
)
#: A window of the devices of all networks, with the id of their subscription or null.
DEVICES_AND_SUBSCRIPTIONS = Query(
    select(_window, subscription.c.id.label("subscription_id"))
    .outerjoin_from(
        _window,
        subscription,
        and_(subscription.c.network_id == _window.c.network_id, subscription.c.device_id == _window.c.id),
    )
    .order_by(_window.c.network_id, _window.c.id)
)
_device_total = network_total.alias("devices")
_subscription_total = network_total.alias("subscriptions")
_in_stock = (
    select(func.count())
    .select_from(subscription)
    .where(subscription.c.network_id == _device_total.c.network_id, subscription.c.device_id.is_(None))
    .scalar_subquery()
)
#: Up to one network that has more devices than subscriptions of devices, from the maintained counters.
ANY_WITHOUT = Query(
    select(_device_total.c.network_id)
    .outerjoin(
        _subscription_total,
        and_(
            _subscription_total.c.network_id == _device_total.c.network_id,
            _subscription_total.c.entity == bindparam("entity"),
        ),
    )
    .where(
        _device_total.c.entity == "Device",
        _device_total.c.total != func.coalesce(_subscription_total.c.total, 0) - _in_stock,
    )
    .limit(1)
)
#: Those of some devices that exist and have no subscription.
DEVICES_WITHOUT = Query(
    select(device.c.id, device.c.serial)
    .outerjoin(
        subscription, and_(subscription.c.network_id == device.c.network_id, subscription.c.device_id == device.c.id)
    )
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids"), subscription.c.id.is_(None))
    .order_by(device.c.id)
)

GRACE_OF = Query(select(grace.c.date).where(grace.c.serial_key == bindparam("serial_key")))
INSERT_GRACE = Query(insert(grace).on_conflict_do_nothing())

SET_DOCUMENT = Query(
    device_document.update()
    .where(with_id(device_document.c.device_id, "of_device"))
    .values(subscription=bindparam("document"))
)
SET_PROPERTIES = Query(
    device_properties.update()
    .where(with_id(device_properties.c.device_id, "of_device"))
    .values(properties=merged(device_properties.c.properties, "changes"))
)
#: Marks a device as changed, so that its entity tag is a new one.
TOUCH = Query(device.update().where(with_id(device.c.id, "of_device")).values(changed_date=NEXT_MOMENT))
#: Marks its health as due if it has reported: the network may count the subscription.
MAKE_DUE = Query(
    device_status.update()
    .where(with_id(device_status.c.device_id, "of_device"), device_status.c.status_date.is_not(None))
    .values(health_due_date=bindparam("now"))
)
