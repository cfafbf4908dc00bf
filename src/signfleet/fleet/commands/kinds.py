"""The commands that players know: their arguments, and who may send them, for how long, and how often.

A command that is not `now` may wait a week for its player; one that is loses its sense within minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from signfleet.fleet.devices.schemas import Entity, WebAddress
from signfleet.foundation.errors import Invalid, TooLarge, phrase
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE, SECOND
from signfleet.foundation.wire.types import DateTime
from signfleet.foundation.wire.validation_messages import explain
from signfleet.identity.access.operations.definitions import (
    SEND_CHANGE_COMMANDS,
    SEND_DANGER_COMMANDS,
    SEND_LOOK_COMMANDS,
    SEND_NUDGE_COMMANDS,
    SEND_UPDATE_COMMANDS,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.audit.masking import MASK, masked

Group = Literal["look", "nudge", "change", "update", "danger"]

#: The operation that a caller needs to send a command of a group, and to see it.
OPERATIONS: Final[dict[Group, Operation]] = {
    "look": SEND_LOOK_COMMANDS,
    "nudge": SEND_NUDGE_COMMANDS,
    "change": SEND_CHANGE_COMMANDS,
    "update": SEND_UPDATE_COMMANDS,
    "danger": SEND_DANGER_COMMANDS,
}

#: Bytes of the arguments of a command as JSON.
ARGUMENTS_LIMIT: Final = 8192
#: Bytes of a relayed request: files travel in it.
RELAY_LIMIT: Final = 270_336
#: Bytes of one log.
LOG_LIMIT: Final = 8_388_608

_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?$(?!\n)"
Host = Annotated[str, Meta(pattern=_HOST, extra={"is": "a host name or an IP address"})]
_HASH = r"^[A-Za-z0-9-]{2,16}:[0-9A-Fa-f]{8,128}$(?!\n)"
_SCRIPT = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"
RegistryWord = Annotated[str, Meta(min_length=1, max_length=128)]


class Nothing(Entity, forbid_unknown_fields=True):
    """No arguments."""


class ScreenshotArguments(Entity, forbid_unknown_fields=True):
    """The quality of the picture; by default that of the device's settings."""

    quality: Annotated[int, Meta(ge=1, le=100)] | None = None


class IdentifyArguments(Entity, forbid_unknown_fields=True):
    """For how long the player shows its name and serial."""

    seconds: Annotated[int, Meta(ge=1, le=600)] = 60


class DisplayArguments(Entity, forbid_unknown_fields=True):
    """Whether the display is on."""

    power: Literal["on", "off"]


class LogArguments(Entity, forbid_unknown_fields=True):
    """Which log, from when on, and how much of its end at most."""

    source: Literal["system", "player", "app"] = "system"
    since: DateTime | None = None
    max_bytes: Annotated[int, Meta(ge=1024, le=LOG_LIMIT)] = 1_048_576


class DiagnosticsArguments(Entity, forbid_unknown_fields=True):
    """The test that a player does; all but `interfaces` need a host."""

    test: Literal["ping", "dns", "trace-route", "interfaces"]
    host: Host | None = None


class TimeZoneArguments(Entity, forbid_unknown_fields=True):
    """A code of the Main API, an IANA name or a Windows name."""

    timezone: Annotated[str, Meta(min_length=1, max_length=64)]


class RegistryGetArguments(Entity, forbid_unknown_fields=True):
    """A section of the registry, or one key of it."""

    section: RegistryWord
    key: RegistryWord | None = None


class RegistrySetArguments(Entity, forbid_unknown_fields=True):
    """A value of the registry; null deletes it."""

    section: RegistryWord
    key: RegistryWord
    value: Annotated[str, Meta(max_length=4096)] | None


class FirmwareArguments(Entity, forbid_unknown_fields=True):
    """Where the firmware is, and the hash that it must have."""

    url: WebAddress
    hash: Annotated[str, Meta(pattern=_HASH, extra={"is": "an algorithm and hexadecimal digits, `SHA256:…`"})]
    version: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class ScriptArguments(Entity, forbid_unknown_fields=True):
    """A script by the name under which the operator has installed it on the player, and its arguments."""

    name: Annotated[str, Meta(pattern=_SCRIPT, extra={"is": "1 to 64 letters, digits, `.`, `_` or `-`"})]
    arguments: Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=32)] = msgspec.field(
        default_factory=list
    )


class RelayArguments(Entity, forbid_unknown_fields=True):
    """A request that the player passes on to a web server of its own."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    route: Annotated[
        str, Meta(pattern=r"^/[^\x00-\x20\x7f]{0,1023}$(?!\n)", extra={"is": "a path that begins with a slash"})
    ]
    data: Any = None
    query: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One command. Time spans are in ms."""

    name: str
    group: Group
    arguments: type[Entity] = Nothing
    #: From its release until a player that has not begun it may no longer begin.
    lifetime: int
    #: From its beginning until it counts as lost.
    patience: int = 10 * MINUTE
    #: A device has at most one unfinished one: another request gets that one.
    coalesces: bool = False
    #: The arguments whose values no answer and no audit entry shows.
    secrets: tuple[str, ...] = ()
    #: Only the server itself sends it.
    internal: bool = False
    #: Bytes of its arguments as JSON.
    limit: int = ARGUMENTS_LIMIT

    @property
    def operation(self) -> Operation:
        """Returns the operation that a caller needs to send it."""
        return OPERATIONS[self.group]

    def read(self, given: dict[str, Any] | None) -> str:
        """Returns the arguments, with their defaults, as JSON. Raises `Invalid` with the member that does not fit."""
        try:
            arguments = msgspec.convert(given or {}, self.arguments)
        except msgspec.ValidationError as error:
            raise Invalid(f"The body does not fit: {explain(error, self.arguments, 'arguments')}.") from error
        _check(arguments)
        text = encode(arguments).decode()
        if len(text.encode()) > self.limit:
            raise TooLarge(f"'arguments' has more than {self.limit} bytes.")
        return text

    def shown(self, arguments: str) -> Any:
        """Returns arguments from the store with their secrets masked."""
        read = msgspec.json.decode(arguments)
        return masked({name: MASK if name in self.secrets and value else value for name, value in read.items()})


def _check(arguments: Entity) -> None:
    """Raises `Invalid` for what the types of arguments cannot express."""
    if isinstance(arguments, DiagnosticsArguments) and (arguments.host is None) != (arguments.test == "interfaces"):
        needs = "takes no 'host'" if arguments.test == "interfaces" else "needs a 'host'"
        raise Invalid(f"'arguments.host': the test '{arguments.test}' {needs}.")
    if isinstance(arguments, TimeZoneArguments) and zones.canonical(arguments.timezone) is None:
        near = " or ".join(zones.nearest(arguments.timezone)) or "Europe/Paris"
        raise Invalid(f"'arguments.timezone': '{arguments.timezone}' is no time zone; did you mean {near}?")
    if isinstance(arguments, LogArguments) and arguments.since is not None:
        try:
            datetime.parse(arguments.since)
        except ValueError as error:
            raise Invalid(f"'arguments.since': {error}.") from error


NOW: Final = 10 * MINUTE
LATER: Final = 7 * DAY

RELAY: Final = Kind(
    name="relay",
    group="danger",
    arguments=RelayArguments,
    lifetime=25 * SECOND,
    patience=25 * SECOND,
    secrets=("data", "query"),
    internal=True,
    limit=RELAY_LIMIT,
)
KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(name="screenshot", group="look", arguments=ScreenshotArguments, lifetime=NOW, coalesces=True),
        Kind(name="logs", group="look", arguments=LogArguments, lifetime=NOW),
        Kind(name="diagnostics", group="look", arguments=DiagnosticsArguments, lifetime=NOW),
        Kind(name="identify", group="nudge", arguments=IdentifyArguments, lifetime=NOW),
        Kind(name="reload", group="nudge", lifetime=NOW),
        Kind(name="restart-app", group="nudge", lifetime=NOW),
        Kind(name="reboot", group="nudge", lifetime=NOW, patience=15 * MINUTE, coalesces=True),
        Kind(name="display", group="nudge", arguments=DisplayArguments, lifetime=NOW),
        Kind(name="settings", group="nudge", lifetime=NOW, coalesces=True),
        Kind(name="timezone", group="change", arguments=TimeZoneArguments, lifetime=LATER),
        Kind(name="registry-get", group="change", arguments=RegistryGetArguments, lifetime=LATER),
        Kind(name="registry-set", group="change", arguments=RegistrySetArguments, lifetime=LATER, secrets=("value",)),
        Kind(name="firmware", group="update", arguments=FirmwareArguments, lifetime=LATER, patience=2 * HOUR),
        Kind(
            name="script",
            group="danger",
            arguments=ScriptArguments,
            lifetime=LATER,
            patience=HOUR,
            secrets=("arguments",),
        ),
        RELAY,
    )
}


def kind_of(name: str) -> Kind:
    """Returns the command that an operator names. Raises `Invalid` with the names that are spelt alike."""
    kind = KINDS.get(name)
    if kind is None or kind.internal:
        known = [kind.name for kind in KINDS.values() if not kind.internal]
        near = nearest(name, known)
        either, words = " or ".join(near), ", ".join(known)
        hint = phrase(f"did you mean {either}?") if near else phrase(f"there are {words}.")
        raise Invalid(f"'name': there is no command '{name}'; {hint}")
    return kind


def argument_schema(kind: Kind) -> dict[str, Any]:
    """Returns the JSON Schema of the arguments of a command."""
    (_, components) = msgspec.json.schema_components([kind.arguments])
    (schema,) = components.values()
    return dict(schema)
