"""The forms of the settings: their fields, and how a form becomes what services take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signfleet.console.translations import later
from signfleet.foundation.errors import Invalid


class SettingField(NamedTuple):
    """A value of a form. `kind`: a type of <input>, `choice` with its `options`, or `span` for a duration."""

    label: str
    kind: str = "text"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()


HEALTHS: Final = (("Normal", later("Normal")), ("Warning", later("Warning")), ("Error", later("Error")))

#: By the names of the API.
NETWORK: Final[Mapping[str, SettingField]] = {
    "name": SettingField(
        later("Name"), hint=later("Programs that sign in as Network/login use the new name from then on.")
    )
}
TOKENS: Final[Mapping[str, SettingField]] = {
    "userAccessTokenLifetime": SettingField(later("Access tokens of users last"), "span"),
    "userRefreshTokenLifetime": SettingField(later("Refresh tokens of users last"), "span"),
    "deviceAccessTokenLifetime": SettingField(later("Access tokens of players last"), "span"),
    "deviceRefreshTokenLifetime": SettingField(later("Refresh tokens of players last"), "span"),
    "deviceRegistrationTokenLifetime": SettingField(later("Setup tokens last"), "span"),
    "automaticTaggedPlaylistApprovalEnabled": SettingField(later("Approve tagged playlists automatically"), "checkbox"),
}
HEALTH: Final[Mapping[str, SettingField]] = {
    "lateReports": SettingField(later("Warning after so many missing reports"), "number"),
    "lateAfter": SettingField(later("and at least after"), "span"),
    "silentReports": SettingField(later("Error after so many missing reports"), "number"),
    "silentAfter": SettingField(later("and at least after"), "span"),
    "nearlyFullPercent": SettingField(later("Warning with less than so many percent of a storage free"), "number"),
    "fullPercent": SettingField(later("Error with less than so many percent of a storage free"), "number"),
    "errorMemory": SettingField(later("An error of a player counts for"), "span"),
    "suspendedSubscription": SettingField(later("Health with a suspended subscription"), "choice", options=HEALTHS),
}
LEVEL: Final[Mapping[str, SettingField]] = {
    "level": SettingField(later("Level"), "choice", options=(("Control", "Control"), ("Trial", "Trial")))
}
JOINING: Final[Mapping[str, SettingField]] = {
    "protocol1Until": SettingField(
        later("Players of protocol version 1 may register again without a secret until"), "datetime-local"
    ),
    "joinsByRecord": SettingField(
        later("Players with a provisioning record may join without a setup token"), "checkbox"
    ),
}
COMMANDS: Final[Mapping[str, SettingField]] = {
    "dangerAllowed": SettingField(later("Allow dangerous commands"), "checkbox")
}


#: For how many days the server stores what, by its own settings, which apply to all networks.
STORED: Final[Mapping[str, str]] = {
    "event_retention_days": later("Events"),
    "health_retention_days": later("Earlier healths of players"),
    "error_retention_days": later("Errors of players"),
    "download_retention_days": later("Downloads of players"),
    "screenshot_retention_days": later("Pictures"),
    "command_retention_days": later("Commands and their files"),
    "job_retention_days": later("Jobs, and what undoes them"),
    "audit_retention_days": later("Entries of the audit trail"),
}


def shown(fields: Mapping[str, SettingField], document: Mapping[str, Any]) -> dict[str, str]:
    """Returns what a form shows of an entity: text, and `yes` for a box that is ticked."""
    return {name: _text(document.get(name)) for name in fields}


def sent(fields: Mapping[str, SettingField], given: Mapping[str, str]) -> dict[str, Any]:
    """Returns the members that a form means. Raises `Invalid` for a number that is none."""
    return {name: _value(name, field, given[name]) for name, field in fields.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _value(name: str, field: SettingField, text: str) -> Any:
    if field.kind == "checkbox":
        return text == "yes"
    if field.kind != "number":
        return text.strip()
    try:
        value = float(text) if len(text) <= 16 else None
    except ValueError:
        value = None
    if value is None or not 0 <= value <= 1_000_000:
        raise Invalid(f"'{name}': expected a number.")
    return int(value) if value.is_integer() else value
