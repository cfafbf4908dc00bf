"""The forms of the settings: their fields, and how a form becomes what services take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signfleet.console.translations import later
from signfleet.foundation.errors import Invalid


class Field(NamedTuple):
    """A value of a form. `kind`: a type of <input>, or `choice` with its `options`."""

    label: str
    kind: str = "text"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()


SPAN: Final = later("[days.]hours:minutes:seconds, such as 00:15:00 or 30.00:00:00")
HEALTHS: Final = (("Normal", later("Normal")), ("Warning", later("Warning")), ("Error", later("Error")))

#: By the names of the API.
TOKENS: Final[Mapping[str, Field]] = {
    "userAccessTokenLifetime": Field(later("Access tokens of users last"), hint=SPAN),
    "userRefreshTokenLifetime": Field(later("Refresh tokens of users last")),
    "deviceAccessTokenLifetime": Field(later("Access tokens of players last")),
    "deviceRefreshTokenLifetime": Field(later("Refresh tokens of players last")),
    "deviceRegistrationTokenLifetime": Field(later("Setup tokens last")),
    "automaticTaggedPlaylistApprovalEnabled": Field(later("Approve tagged playlists automatically"), "checkbox"),
}
HEALTH: Final[Mapping[str, Field]] = {
    "lateReports": Field(later("Warning after so many missing reports"), "number"),
    "lateAfter": Field(later("and at least after"), hint=SPAN),
    "silentReports": Field(later("Error after so many missing reports"), "number"),
    "silentAfter": Field(later("and at least after")),
    "nearlyFullPercent": Field(later("Warning with less than so many percent of a storage free"), "number"),
    "fullPercent": Field(later("Error with less than so many percent of a storage free"), "number"),
    "errorMemory": Field(later("An error of a player counts for")),
    "suspendedSubscription": Field(later("Health with a suspended subscription"), "choice", options=HEALTHS),
}
LEVEL: Final[Mapping[str, Field]] = {
    "level": Field(later("Level"), "choice", options=(("Control", "Control"), ("Trial", "Trial")))
}
JOINING: Final[Mapping[str, Field]] = {
    "protocol1Until": Field(
        later("Players of protocol version 1 may register again without a secret until"), "datetime-local"
    )
}
COMMANDS: Final[Mapping[str, Field]] = {"dangerAllowed": Field(later("Allow dangerous commands"), "checkbox")}


def shown(fields: Mapping[str, Field], document: Mapping[str, Any]) -> dict[str, str]:
    """Returns what a form shows of an entity: text, and `yes` for a box that is ticked."""
    return {name: _text(document.get(name)) for name in fields}


def sent(fields: Mapping[str, Field], given: Mapping[str, str]) -> dict[str, Any]:
    """Returns the members that a form means. Raises `Invalid` for a number that is none."""
    return {name: _value(name, field, given[name]) for name, field in fields.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _value(name: str, field: Field, text: str) -> Any:
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
