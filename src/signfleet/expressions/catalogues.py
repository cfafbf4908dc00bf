"""The catalogues of the collections that filters and sorts work on."""

from __future__ import annotations

from sqlalchemy import case, select

from signfleet.access.operations.roles import SYSTEM_ROLES
from signfleet.audit.schemas import AuditRecord
from signfleet.devices.events.schemas import PlayerDownload, PlayerError
from signfleet.devices.models.catalog import KNOWN_MODELS
from signfleet.devices.schemas import Player
from signfleet.devices.screenshots.schemas import ScreenShot
from signfleet.expressions.catalogue import Catalogue
from signfleet.expressions.columns import Columns
from signfleet.expressions.properties import properties_of
from signfleet.groups.schemas import Group
from signfleet.storage.tables import (
    audit,
    device,
    device_download,
    device_error,
    device_group,
    device_properties,
    person,
    role,
    screenshot,
    subscription,
    user,
)
from signfleet.subscriptions.schemas import Subscription
from signfleet.users.schemas import User

DEVICES = Catalogue(
    properties_of(Player, {"model": KNOWN_MODELS}),
    Columns(
        device,
        {
            "id": device.c.id,
            "serial": device.c.serial_key,
            "model": device.c.model_key,
            "family": device.c.family,
            "registrationDate": device.c.registration_date,
            "lastModifiedDate": device.c.last_modified_date,
            "settings.name": device.c.name_key,
            "settings.group": device.c.group_id,
            "settings.group.id": device.c.group_id,
            "settings.location.gpsLatitude": device.c.gps_latitude,
            "settings.location.gpsLongitude": device.c.gps_longitude,
            "settings.location.path": device.c.location_key,
            "status": device.c.status_date,
            "status.health": device.c.health,
            "status.lastModifiedDate": device.c.status_date,
        },
        flat=device_properties.c.properties,
        flat_id=device_properties.c.device_id,
        tag_owner=device.c.id,
    ),
    entities=("Device", "Player"),
    aliases={
        "name": "settings.name",
        "description": "settings.description",
        "concatnameandserial": "settings.concatNameAndSerial",
        "concatunitnameandserial": "settings.concatNameAndSerial",
        "settings.concatunitnameandserial": "settings.concatNameAndSerial",
        "healthstatus": "status.health",
        "targetgroup": "settings.group",
        "reportedgroup": "status.group",
        "firmwareversion": "status.firmware.version",
        "targettimezone": "settings.timezone",
        "reportedtimezone": "status.timezone",
        "uptime": "status.uptime",
        "currentsubscription": "subscription",
        "currentsubscription.deviceid": "subscription.device.id",
    },
    collections={"taggedGroups": "name"},
    default_sort="[Device].[Id] ASC",
)
"""Of /Devices/."""

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
"""Of /Subscriptions/."""

SCREENSHOTS = Catalogue(
    properties_of(ScreenShot),
    Columns(
        screenshot,
        {
            "id": screenshot.c.id,
            "device": screenshot.c.device_id,
            "device.id": screenshot.c.device_id,
            "device.serial": screenshot.c.serial_key,
            "groupName": screenshot.c.group_name_key,
            "presentationName": screenshot.c.presentation_name_key,
            "utcTimestamp": screenshot.c.utc_timestamp,
            "localTimestamp": screenshot.c.local_timestamp,
            "width": screenshot.c.width,
            "height": screenshot.c.height,
            # A link is made anew for each answer: what counts is the name of the file, at its end.
            "filePath": screenshot.c.blob,
            "fileSize": screenshot.c.file_size,
            "thumbPath": screenshot.c.thumbnail,
        },
    ),
    entities=("DeviceScreenShot", "ScreenShot"),
    aliases={"serial": "device.serial"},
    default_sort="[DeviceScreenShot].[UTCTimestamp] DESC",
)
"""Of /Devices/ScreenShots/ and the pictures of one device."""

AUDIT = Catalogue(
    properties_of(AuditRecord),
    Columns(
        audit,
        {
            "id": audit.c.id,
            "date": audit.c.date,
            "actor": audit.c.actor_key,
            "address": audit.c.address,
            "action": audit.c.action,
            "entity": audit.c.entity,
            "entityId": audit.c.entity_id,
            "name": audit.c.name_key,
        },
    ),
    entities=("Audit", "AuditRecord"),
    default_sort="[Audit].[Date] DESC",
)
"""Of /admin/v1/audit/."""

_USER_COLUMNS = {
    "id": user.c.id,
    "person": user.c.person_id,
    "person.id": user.c.person_id,
    "person.login": select(person.c.login_key).where(person.c.id == user.c.person_id).scalar_subquery(),
    "creationDate": user.c.creation_date,
    "lastModifiedDate": user.c.last_modified_date,
    "lastLoginDate": user.c.last_login_date,
    "isLockedOut": user.c.is_locked_out,
    "lastLockoutDate": user.c.last_lockout_date,
    "roleName": case(
        *((user.c.role_id == known.id, known.name.lower()) for known in SYSTEM_ROLES),
        else_=select(role.c.name_key)
        .where(role.c.network_id == user.c.network_id, role.c.id == user.c.role_id)
        .scalar_subquery(),
    ),
}
USERS = Catalogue(
    [found for found in properties_of(User) if found.path in _USER_COLUMNS],
    Columns(user, _USER_COLUMNS),
    entities=("User",),
    aliases={"login": "person.login"},
    default_sort="[User].[Id] ASC",
)
"""Of /Users/."""

ERRORS = Catalogue(
    properties_of(PlayerError),
    Columns(
        device_error,
        {
            "timestamp": device_error.c.timestamp,
            "errorName": device_error.c.name_key,
            "errorEvent": device_error.c.event_key,
            "reason": device_error.c.reason_key,
            "responseCode": device_error.c.response_code,
        },
    ),
    entities=("DeviceError",),
    default_sort="[DeviceError].[Timestamp] DESC",
)
"""Of /Devices/{device}/Errors/."""

DOWNLOADS = Catalogue(
    properties_of(PlayerDownload),
    Columns(
        device_download,
        {
            "timestamp": device_download.c.timestamp,
            "fileName": device_download.c.file_name_key,
            "fileHash": device_download.c.file_hash_key,
            "progress": device_download.c.progress,
            "status": device_download.c.status_key,
        },
    ),
    entities=("DeviceDownload",),
    default_sort="[DeviceDownload].[Timestamp] DESC",
)
"""Of /Devices/{device}/Downloads/."""
_GROUP_COLUMNS = {
    "id": device_group.c.id,
    "name": device_group.c.name_key,
    "creationDate": device_group.c.creation_date,
    "lastModifiedDate": device_group.c.last_modified_date,
}
GROUPS = Catalogue(
    [found for found in properties_of(Group) if found.path in _GROUP_COLUMNS],
    Columns(device_group, _GROUP_COLUMNS),
    entities=("Group", "RegularGroup"),
    default_sort="[Group].[Name] ASC",
)
"""Of /Groups/Regular/. How many devices are in a group differs from caller to caller, and cannot be filtered by."""
