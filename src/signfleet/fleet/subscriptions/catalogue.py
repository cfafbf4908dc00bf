"""The properties by which subscriptions, and devices by their subscription, are filtered and sorted."""

from __future__ import annotations

import msgspec

from signfleet.fleet.subscriptions.schemas import Subscription
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns, Flat
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import device, device_properties, subscription

SUBSCRIPTIONS = Catalogue(
    properties_of(Subscription),
    Columns(
        subscription,
        {
            "id": subscription.c.id,
            "device": subscription.c.device_id,
            "device.id": subscription.c.device_id,
            "device.serial": subscription.c.serial_key,
            "type": subscription.c.type,
            "activityPeriod": subscription.c.activity_period,
            "status": subscription.c.status,
            "creationDate": subscription.c.creation_date,
            "lastModifiedDate": subscription.c.last_modified_date,
            "activationDate": subscription.c.activation_date,
            "suspensionDate": subscription.c.suspension_date,
            "expirationDate": subscription.c.expiration_date,
        },
    ),
    entities=("DeviceSubscription", "Subscription"),
    aliases={"deviceid": "device.id"},
    default_sort="[DeviceSubscription].[Id] ASC",
)
"""Filters and sorts of /Subscriptions/."""


class _Owner(msgspec.Struct):
    """The part of a device that shows its subscription."""

    subscription: Subscription


OWNER = Catalogue(
    properties_of(_Owner),
    Columns(device, {}, flat=Flat(device_properties.c.properties, device_properties.c.device_id)),
    entities=("Device",),
    default_sort="[Device].[Id] ASC",
)
"""The filterable properties of a device that show its subscription."""
