"""Defines every business operation. Endpoints and rules refer to its constants, such as `VIEW_DEVICE`.

The Device and Subscription trees are the contract's, down to uids, order and creation dates. The other trees have the
same form. Their uids are derived from the names given here, which must therefore never change.
"""

from __future__ import annotations

from typing import Final

from signfleet.identity.access.operations.operation import (
    COLLECTION,
    Operation,
    RoleRule,
    allow,
    deny,
    full_control,
    own_uid,
)
from signfleet.identity.access.operations.roles import (
    ADMINISTRATORS,
    CREATORS,
    GENERAL_MANAGERS,
    NETWORK_MANAGERS,
    PUBLISHERS,
    SYSTEM_ROLES,
    VIEWERS,
    SystemRole,
)

DEVICE: Final = full_control(
    "9bf0a633-52a5-6b94-2d45-16c4c1c8c025",
    "Device",
    "Device (Full Control)",
    allow(ADMINISTRATORS, "05.153"),
    allow(GENERAL_MANAGERS, "05.41"),
    deny(CREATORS, "05.72"),
    deny(PUBLISHERS, "06.163"),
    allow(NETWORK_MANAGERS, "06.73"),
    deny(VIEWERS, "07.337"),
)
_device = DEVICE.child
VIEW_DEVICE: Final = _device(
    "7d71c53e-ae40-59c4-f972-28e8b4dfabcf", "View Device", "View Devices", allow(VIEWERS, "07.35")
)
EXPORT_DEVICE: Final = _device(
    "0595648a-ab46-6bf4-417e-429d90821b49", "Export Device", "Export Devices List", allow(VIEWERS, "07.363")
)
VIEW_DOWNLOADS: Final = _device(
    "3c97788f-e17a-42d4-b15d-65e53fb84ddc", "View Device Downloads", "", allow(VIEWERS, "07.4")
)
VIEW_BATTERY_STATUS: Final = _device(
    "45b82bbe-34eb-4eab-8439-370d46cc5528", "View Device Battery Status", "", allow(VIEWERS, "07.413")
)
VIEW_SCREENSHOTS: Final = _device(
    "0cf93b59-dbd4-4ad1-89b4-4024c08d8ddc", "View Remote Snapshots", "", allow(VIEWERS, "07.44")
)
VIEW_LOG_REPORTS: Final = _device(
    "f396dc0f-f3b6-4d1b-acd4-4063b47e3025", "View Device Log Reports", "", allow(VIEWERS, "07.427")
)
GET_LOG_REPORTS: Final = _device(
    "9e4cc8d8-45fe-4fb4-01fc-170bf90449b2", "Get Device Log Reports", "", allow(VIEWERS, "07.453")
)
SETUP_DEVICE: Final = _device("6e006934-6070-4a3a-bb7e-5527ef5a5034", "Setup Device", "Setup Devices")
UPDATE_DEVICE: Final = _device("d89437e0-21fa-74b4-c1fe-b66c6270b176", "Update Device")
CHANGE_TARGET_GROUP: Final = _device("c889ca96-5a6e-a904-318b-978d8f4282f6", "Change Target Group")
MANAGE_TAGS: Final = _device("1b213d9c-1fbe-44ed-86ab-f67179f12640", "Manage Tags")
UNIT_CONTROL: Final = _device("b15c6202-171f-40ac-80db-507f1b4f83e2", "Unit Control")
ADD_SUBSCRIPTIONS: Final = _device("6e41336d-be6b-4549-9acb-afb1cefe5211", "Add Subscriptions")
EDIT_DEVICE_PERMISSIONS: Final = _device(
    "3ec8d3c9-5ceb-c404-b976-cbc6ce2d95be", "Edit Permissions", appliance=COLLECTION
)
DELETE_DEVICE: Final = _device("da52a016-4e82-ce64-dded-a8dcd0de0ce3", "Delete Device")
REVOKE_TOKENS: Final = _device("9e8c409d-b81f-46ed-bd60-c24ee77ce139", "Revoke Tokens")

# Commands to players (docs/commands.md), which the contract lacks. Who may control devices may send all but dangerous
# ones: these are below Full Control itself, and only for administrators unless a permission allows them.
SEND_LOOK_COMMANDS: Final = UNIT_CONTROL.addition("Send Look Commands")
SEND_NUDGE_COMMANDS: Final = UNIT_CONTROL.addition("Send Nudge Commands")
SEND_CHANGE_COMMANDS: Final = UNIT_CONTROL.addition("Send Change Commands")
SEND_UPDATE_COMMANDS: Final = UNIT_CONTROL.addition("Send Update Commands")
SEND_DANGER_COMMANDS: Final = DEVICE.addition(
    "Send Danger Commands", deny(GENERAL_MANAGERS, "05.41"), deny(NETWORK_MANAGERS, "06.73")
)

SUBSCRIPTION: Final = full_control(
    "616d956d-9a74-f674-61a9-3ab02f028352",
    "Subscription",
    "Device Subscription (Full Control)",
    allow(ADMINISTRATORS, "05.18"),
    allow(GENERAL_MANAGERS, "05.437"),
    deny(CREATORS, "05.747"),
    deny(PUBLISHERS, "06.19"),
    deny(NETWORK_MANAGERS, "06.753"),
    deny(VIEWERS, "07.493"),
)
_subscription = SUBSCRIPTION.child
VIEW_SUBSCRIPTION: Final = _subscription(
    "d6416c44-747e-7e24-f549-5a57525e046d",
    "View Subscription",
    "View Subscriptions",
    allow(NETWORK_MANAGERS, "06.767"),
    allow(VIEWERS, "07.503"),
)
EXPORT_SUBSCRIPTIONS: Final = _subscription(
    "398bd8f9-8950-4735-97f8-50bf8c8b5759", "Export Subscriptions", "", allow(VIEWERS, "07.517")
)
VIEW_SUBSCRIPTION_INVOICE: Final = _subscription(
    "1d8a9fc5-5958-7fe4-959b-447491382e87",
    "View Subscription Invoice",
    "View Subscription Invoices",
    entity="SubscriptionInvoice",
)
VIEW_TRAFFIC_INVOICE: Final = _subscription(
    "b2edb137-9e21-b444-5913-d3ef4ec7ef0c", "View Traffic Invoice", "View Traffic Invoices", entity="TrafficInvoice"
)
EXPORT_SUBSCRIPTION_INVOICE: Final = _subscription(
    "083dc302-4ac3-4e3a-be2d-be0b44c9a4fe",
    "Export Subscription Invoice",
    "Export Subscription Invoices",
    entity="SubscriptionInvoice",
    appliance=COLLECTION,
)
EXPORT_TRAFFIC_INVOICE: Final = _subscription(
    "9a99bf40-9791-4114-b90a-2c86d04a5254",
    "Export Traffic Invoice",
    "Export Traffic Invoices",
    entity="TrafficInvoice",
    appliance=COLLECTION,
)
UPDATE_SUBSCRIPTION: Final = _subscription("a3f0679f-a23f-4130-bb73-84e1a1f0f9da", "Update Subscription")


def _own_family(entity: str, *allowed: SystemRole) -> Operation:
    """Returns the root of a tree that the contract lacks, with a rule for each role like the device tree's."""
    rules = (RoleRule(rule.role, rule.role in allowed, rule.created) for rule in DEVICE.role_rules)
    return full_control(own_uid(entity), entity, f"{entity} (Full Control)", *rules)


GROUP: Final = _own_family("Group", ADMINISTRATORS, GENERAL_MANAGERS, NETWORK_MANAGERS)
VIEW_GROUP: Final = GROUP.child(
    own_uid("Group/View"), "View Group", "View Groups", allow(PUBLISHERS, "06.2"), allow(VIEWERS, "07.35")
)
CREATE_GROUP: Final = GROUP.child(own_uid("Group/Create"), "Create Group", appliance=COLLECTION)
UPDATE_GROUP: Final = GROUP.child(own_uid("Group/Update"), "Update Group")
EDIT_GROUP_PERMISSIONS: Final = GROUP.child(own_uid("Group/Edit Permissions"), "Edit Permissions", appliance=COLLECTION)
DELETE_GROUP: Final = GROUP.child(own_uid("Group/Delete"), "Delete Group")

USER: Final = _own_family("User", ADMINISTRATORS)
# The contract defines this uid: every user has a fixed permission for it on themselves.
VIEW_USER: Final = USER.child(
    "67b9b0ab-fb5f-36c4-d598-a71aa8998e4e", "View User", "View Users", allow(GENERAL_MANAGERS, "05.45")
)
CREATE_USER: Final = USER.child(own_uid("User/Create"), "Create User", appliance=COLLECTION)
UPDATE_USER: Final = USER.child(own_uid("User/Update"), "Update User")
CHANGE_USER_ROLE: Final = USER.child(own_uid("User/Change Role"), "Change Role")
EDIT_USER_PERMISSIONS: Final = USER.child(own_uid("User/Edit Permissions"), "Edit Permissions", appliance=COLLECTION)
LOCK_USER: Final = USER.child(own_uid("User/Lock"), "Lock User")
UNLOCK_USER: Final = USER.child(own_uid("User/Unlock"), "Unlock User")
DELETE_USER: Final = USER.child(own_uid("User/Delete"), "Delete User")
REVOKE_USER_TOKENS: Final = USER.child(own_uid("User/Revoke Tokens"), "Revoke Tokens")

ROLE: Final = _own_family("Role", ADMINISTRATORS)
VIEW_ROLE: Final = ROLE.child(own_uid("Role/View"), "View Role", "View Roles", allow(GENERAL_MANAGERS, "05.45"))
CREATE_ROLE: Final = ROLE.child(own_uid("Role/Create"), "Create Role", appliance=COLLECTION)
UPDATE_ROLE: Final = ROLE.child(own_uid("Role/Update"), "Update Role")
EDIT_ROLE_PERMISSIONS: Final = ROLE.child(own_uid("Role/Edit Permissions"), "Edit Permissions", appliance=COLLECTION)
DELETE_ROLE: Final = ROLE.child(own_uid("Role/Delete"), "Delete Role")

NETWORK: Final = _own_family("Network", ADMINISTRATORS)
VIEW_NETWORK: Final = NETWORK.child(
    own_uid("Network/View"), "View Network", "View Networks", *(allow(role, "07.6") for role in SYSTEM_ROLES[1:])
)
UPDATE_NETWORK_SETTINGS: Final = NETWORK.child(own_uid("Network/Update Settings"), "Update Settings")
UPDATE_NETWORK_SUBSCRIPTION: Final = NETWORK.child(own_uid("Network/Update Subscription"), "Update Subscription")
VIEW_AUDIT: Final = NETWORK.child(own_uid("Network/View Audit"), "View Audit Trail")
MANAGE_ALERTS: Final = NETWORK.child(
    own_uid("Network/Manage Alerts"),
    "Manage Alerts",
    "Manage Alerts",
    allow(GENERAL_MANAGERS, "05.45"),
    allow(NETWORK_MANAGERS, "06.77"),
)
MANAGE_WEBHOOKS: Final = NETWORK.child(own_uid("Network/Manage Webhooks"), "Manage Webhooks")
MANAGE_JOBS: Final = NETWORK.child(own_uid("Network/Manage Jobs"), "Manage Jobs")

ROOTS: Final = {root.entity: root for root in (DEVICE, SUBSCRIPTION, GROUP, USER, ROLE, NETWORK)}
"""The root of each tree by the contract's name of the entity."""

WAYS_BACK: Final = (DEVICE, VIEW_DEVICE, EDIT_DEVICE_PERMISSIONS, GROUP, VIEW_GROUP, EDIT_GROUP_PERMISSIONS)
"""A user to whom one of these is denied on an instance cannot lift what they denied to themselves there."""

_BY_UID: Final = {operation.uid: operation for root in ROOTS.values() for operation in root}


def by_uid(uid: str) -> Operation | None:
    """Returns the operation with this uid, in any letter case, or None."""
    return _BY_UID.get(uid.lower())
