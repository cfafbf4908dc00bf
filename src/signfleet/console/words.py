"""The words of services that pages show, in English that can be translated: services themselves know no language.

`word("event", "DeviceRegistered")` returns the text of the table for a name; a template knows it too. A name without
a text shows as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from signfleet.console.translations import MEMBER, PLACE, error_text, later, translation
from signfleet.identity.access.operations.definitions import ROOTS

#: Of operations, by their singular name.
OPERATIONS: Final = {
    "Full Control": later("Full control"),
    "Add Subscriptions": later("Add subscriptions"),
    "Change Role": later("Change the role"),
    "Change Target Group": later("Move to another group"),
    "Create Group": later("Create groups"),
    "Create Role": later("Create roles"),
    "Create User": later("Invite users"),
    "Delete Device": later("Delete players"),
    "Delete Group": later("Delete groups"),
    "Delete Role": later("Delete roles"),
    "Delete User": later("Remove users"),
    "Edit Permissions": later("Give rights"),
    "Export Device": later("Export players"),
    "Export Subscription Invoice": later("Export invoices of subscriptions"),
    "Export Subscriptions": later("Export subscriptions"),
    "Export Traffic Invoice": later("Export invoices of traffic"),
    "Get Device Log Reports": later("Fetch log reports"),
    "Lock User": later("Lock users out"),
    "Manage Alerts": later("Change alert rules and maintenance windows"),
    "Manage Jobs": later("Cancel and retry jobs of others"),
    "Manage Tags": later("Change tags"),
    "Manage Webhooks": later("Change webhooks"),
    "Revoke Tokens": later("Revoke tokens"),
    "Send Change Commands": later("Change registry and time zone"),
    "Send Danger Commands": later("Run scripts"),
    "Send Look Commands": later("Take pictures, fetch logs"),
    "Send Nudge Commands": later("Reboot, restart, switch the display"),
    "Send Update Commands": later("Update the firmware"),
    "Setup Device": later("Add players"),
    "Unit Control": later("Control players"),
    "Unlock User": later("Unlock users"),
    "Update Device": later("Change players"),
    "Update Group": later("Change groups"),
    "Update Role": later("Change roles"),
    "Update Settings": later("Change settings of the network"),
    "Update Subscription": later("Change subscriptions"),
    "Update User": later("Change users"),
    "View Audit Trail": later("See the audit trail"),
    "View Device": later("See players"),
    "View Device Battery Status": later("See the battery"),
    "View Device Downloads": later("See downloads"),
    "View Device Log Reports": later("See log reports"),
    "View Group": later("See groups"),
    "View Network": later("See the network"),
    "View Remote Snapshots": later("See pictures"),
    "View Role": later("See roles"),
    "View Subscription": later("See subscriptions"),
    "View Subscription Invoice": later("See invoices of subscriptions"),
    "View Traffic Invoice": later("See invoices of traffic"),
    "View User": later("See users"),
}
#: Of the operation that includes all others, by what it is about.
FULL_CONTROL: Final = {
    "Device": later("Full control of players"),
    "Group": later("Full control of groups"),
    "Network": later("Full control of the network"),
    "Role": later("Full control of roles"),
    "Subscription": later("Full control of subscriptions"),
    "User": later("Full control of users"),
}
#: Of what operations and audit entries are about.
ENTITIES: Final = {
    "Alert": later("Alert"),
    "AlertRule": later("Alert rule"),
    "Application": later("Application"),
    "Command": later("Command"),
    "CommandBatch": later("Command to many players"),
    "Device": later("Player"),
    "Group": later("Group"),
    "MaintenanceWindow": later("Maintenance window"),
    "Message": later("Delivery"),
    "Job": later("Job"),
    "Network": later("Network"),
    "Permission": later("Permission"),
    "Person": later("Person"),
    "Profile": later("Profile"),
    "Role": later("Role"),
    "Serial": later("Serial"),
    "Session": later("Session"),
    "Setup": later("Setup"),
    "SetupRecord": later("Provisioning record"),
    "Subscription": later("Subscription"),
    "SubscriptionInvoice": later("Invoice of a subscription"),
    "Tag": later("Tag"),
    "Token": later("Token"),
    "TrafficInvoice": later("Invoice of traffic"),
    "User": later("User"),
    "WallLink": later("Link to a wall"),
    "Webhook": later("Webhook"),
}
#: Of changes in the audit trail.
ACTIONS: Final = {
    "Create": later("created"),
    "Update": later("changed"),
    "Delete": later("deleted"),
    "Lock": later("locked"),
    "Unlock": later("unlocked"),
    "Revoke": later("revoked"),
    "AddPermissions": later("permissions added"),
    "RemovePermissions": later("permissions removed"),
    "Permit": later("permitted"),
    "Forbid": later("forbidden"),
    "Release": later("released"),
    "Refuse": later("refused"),
    "SignIn": later("signed in"),
    "SignInFailure": later("sign-in failed"),
    "SignInThrottled": later("sign-in slowed down"),
}
#: Of kinds of events.
EVENTS: Final = {
    "DeviceRegistered": later("Player registered"),
    "DeviceRemoved": later("Player deleted"),
    "HealthChanged": later("Health changed"),
    "ErrorReported": later("Error reported"),
    "DownloadsReported": later("Downloads reported"),
    "ScreenshotReceived": later("Picture received"),
    "SettingsApplied": later("Settings applied"),
    "SettingsRefused": later("Settings refused"),
    "CommandFinished": later("Command finished"),
    "SubscriptionAged": later("Subscription ended or was suspended"),
    "SubscriptionCreated": later("Subscription created"),
    "SubscriptionQueued": later("Subscription queued"),
    "SubscriptionExpiring": later("Subscription ends soon"),
    "DuplicateSerial": later("Serial used twice"),
    "SecretRefused": later("Secret refused"),
    "BlockedSerialRefused": later("Blocked serial refused"),
    "SerialClaimed": later("Serial claimed"),
    "NetworkCreated": later("Network created"),
    "NetworkSettingsChanged": later("Settings of the network changed"),
    "NetworkLevelChanged": later("Level of the network changed"),
    "NetworkTrialExpiring": later("Trial ends soon"),
    "NetworkLocked": later("Network locked or unlocked"),
    "UserAdded": later("User added"),
    "UserRemoved": later("User removed"),
    "UserLocked": later("User locked or unlocked"),
    "SignInLocked": later("Sign-in slowed down"),
}
#: Of what denies an operation whatever the rules say.
OBSTACLES: Final = {
    "notAccepted": later("The user has not accepted the invitation."),
    "personLockedOut": later("The person is locked out of all networks."),
    "userLockedOut": later("The user is locked out."),
    "networkLockedOut": later("The network is locked out."),
    "deviceHidden": later("The user may not see the player."),
}
#: Of reasons of a health.
REASONS: Final = {
    "neverReported": later("has never reported"),
    "silent": later("silent"),
    "storageReadOnly": later("storage read-only"),
    "storageFull": later("storage full"),
    "storageNearlyFull": later("storage nearly full"),
    "deviceError": later("error reported"),
    "subscriptionSuspended": later("subscription suspended"),
}
HEALTHS: Final = {
    "Normal": later("Normal"),
    "Warning": later("Warning"),
    "Error": later("Error"),
    "Unknown": later("Unknown"),
}
#: Of the usual metrics; players may send others, under names of their own.
METRICS: Final = {
    "temperature": later("Temperature"),
    "cpu": later("Processor"),
    "memory": later("Memory"),
    "storage": later("Storage"),
}
#: Of the usual states of downloads; players may send others.
DOWNLOADS: Final = {"ok": later("finished"), "downloading": later("running"), "failed": later("failed")}
METRIC_UNITS: Final = {"temperature": "°C", "cpu": "%", "memory": "%", "storage": "%"}
_BY_FULL_NAME: Final = {
    each.full_name: FULL_CONTROL[entity] if each is root else OPERATIONS[each.singular]
    for entity, root in ROOTS.items()
    for each in root
}
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "operation": OPERATIONS | _BY_FULL_NAME,
    "entity": ENTITIES,
    "action": ACTIONS,
    "event": EVENTS,
    "reason": REASONS,
    "health": HEALTHS,
    "metric": METRICS,
    "download": DOWNLOADS,
    "obstacle": OBSTACLES,
}


_KEYS: Final = {operation.key: operation.singular for root in ROOTS.values() for operation in root}
_KEY: Final = re.compile(r"'([A-Z][a-z]+\.[A-Za-z]+)'")


def word(language: str, table: str, name: str) -> str:
    """Returns the text for a name that services use, in a language."""
    return translation(language).gettext(TABLES[table].get(name, name))


def message(language: str, error: str, *, is_beside: bool = False) -> str:
    """Returns what is wrong in a language, with operations in words; beside its field without the field's name."""
    text = error_text(language, PLACE.sub("", error) if is_beside else error)
    member = MEMBER.match(text) if is_beside else None
    if member:
        text = text[member.end() :]
        text = text[:1].upper() + text[1:]
    return _KEY.sub(lambda found: f"'{_operation(language, found[1])}'", text)


def messages(language: str, errors: Mapping[str, str]) -> dict[str, str]:
    """Returns what is wrong in a language, by the field beside which it stands; by "" for what is about none."""
    return {field: message(language, error, is_beside=field != "") for field, error in errors.items()}


def _operation(language: str, key: str) -> str:
    return word(language, "operation", _KEYS[key]) if key in _KEYS else key
