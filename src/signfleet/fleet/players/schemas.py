"""The bodies of the player protocol (`docs/player-protocol.md`). Members of OAuth have OAuth's spelling."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from signfleet.fleet.commands.schemas import PendingCommand
from signfleet.fleet.devices.agent.schemas import AppliedSettings, Can
from signfleet.fleet.devices.metrics.names import MOST_METRICS, NAME_FORM
from signfleet.fleet.devices.schemas import Entity, Location, Name, PlayerSettings
from signfleet.fleet.devices.serials import SERIAL_FORM, SERIAL_PATTERN
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.wire.types import DateTime
from signfleet.identity.access.token_issue import IssuedTokens
from signfleet.identity.users.schemas import NetworkName

MAX_ERRORS = 50
MAX_DOWNLOADS = 100
#: How many sequence numbers there are.
SEQUENCE_SPAN = 2**53

Word64 = Annotated[str, Meta(min_length=1, max_length=64)]
FileName = Annotated[str, Meta(min_length=1, max_length=255)]


def _last(count: int) -> Meta:
    return Meta(description=f"If there are more than {count}, the last {count} count.")


class JoiningPlayer(Entity):
    """What a player may say of itself when it joins."""

    serial: Annotated[str, Meta(pattern=SERIAL_PATTERN, extra={"is": SERIAL_FORM})]
    name: Name | None = None
    group: Name | None = None
    timezone: Annotated[str, Meta(max_length=64)] | None = None
    description: Annotated[str, Meta(max_length=1024)] | None = None
    location: Location | None = None
    can: Can | None = None
    device_secret: Annotated[str, Meta(max_length=512)] | None = msgspec.field(default=None, name="device_secret")


class PlayerRegistration(JoiningPlayer, kw_only=True):
    """A player that registers with a setup token."""

    model: Word64
    firmware: Word64


class ListedPlayer(JoiningPlayer, kw_only=True):
    """A player that registers by its provisioning record; what the record and its setup say comes first."""

    model: Word64 | None = None
    firmware: Word64 | None = None


class Tokens(msgspec.Struct, kw_only=True):
    """OAuth's token answer; `expires_in` is in seconds. `device_secret` is present if it is new."""

    access_token: str
    refresh_token: str | UnsetType = UNSET
    token_type: str
    expires_in: int
    scope: str
    device_secret: str | UnsetType = UNSET

    @classmethod
    def of(cls, issued: IssuedTokens, **more: Any) -> Self:
        """Builds the answer for tokens that were just issued, with the further members of a subclass."""
        return cls(
            access_token=issued.access_token,
            refresh_token=issued.refresh_token or UNSET,
            token_type="bearer",  # noqa: S106 - a kind of token, not one
            expires_in=issued.expires_in,
            scope=issued.scope,
            **more,
        )


class Registered(Tokens, kw_only=True):
    """The device and network of a registered player; `sequence` is the number of its last accepted report."""

    device: DeviceReference
    network: NetworkName
    sequence: int


class ReportedError(Entity):
    """An error on the player."""

    error_name: FileName
    error_event: Annotated[str, Meta(max_length=255)] | None = None
    reason: Annotated[str, Meta(max_length=4096)] | None = None
    response_code: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    timestamp: DateTime | None = None


class ReportedDownload(Entity):
    """A file that the player has downloaded or is downloading; `progress` is in percent."""

    file_name: FileName
    progress: Annotated[int, Meta(ge=0, le=100)]
    status: Word64
    file_hash: (
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z][A-Za-z0-9-]{0,15}:([0-9A-Fa-f]{2}){4,64}$(?!\n)",
                extra={"is": "the name of an algorithm, a colon and hexadecimal digits, such as `SHA1:3118…`"},
            ),
        ]
        | None
    ) = None
    timestamp: DateTime | None = None


Sequence = Annotated[int, Meta(ge=1, lt=SEQUENCE_SPAN)]


#: Their names and sizes are checked one by one.
ReportedMetrics = Annotated[
    dict[str, float | None],
    Meta(
        description=f"Numbers by name: {NAME_FORM}. "
        f"If there are more than {MOST_METRICS}, the first {MOST_METRICS} count."
    ),
]


class Report(Entity):
    """A report; without its optional members it only shows that the player is alive."""

    sequence: Sequence
    sent_at: DateTime | None = None
    status: dict[str, Any] | None = None
    can: Can | None = None
    applied: AppliedSettings | None = None
    metrics: ReportedMetrics | None = None
    errors: Annotated[list[ReportedError], _last(MAX_ERRORS)] | None = None
    downloads: Annotated[list[ReportedDownload], _last(MAX_DOWNLOADS)] | None = None


class LooseReport(Entity):
    """A report with errors, downloads or metrics that do not fit, which are read one by one.

    Metrics stay text until then: a number beyond the range of a double would fail the whole report.
    """

    sequence: Sequence
    sent_at: DateTime | None = None
    status: dict[str, Any] | None = None
    can: Can | None = None
    applied: AppliedSettings | None = None
    metrics: dict[str, msgspec.Raw] | None = None
    errors: list[Any] | None = None
    downloads: list[Any] | None = None


class RejectedItem(Entity):
    """An error, a download or a metric that was not stored, by its index among these in the report, and why."""

    in_: Literal["errors", "downloads", "metrics"] = msgspec.field(name="in")
    index: int
    reason: str


class ReportAnswer(Entity):
    """The answer to a report: `sequence` is the last accepted number, `nextReport` is in seconds.

    `duplicate` is true for a repeat, `rejected` lists what was not stored, `commands` what the player may begin; else
    they are missing.
    """

    sequence: int
    next_report: int
    settings_etag: str = msgspec.field(name="settingsETag")
    duplicate: bool | UnsetType = UNSET
    rejected: list[RejectedItem] | UnsetType = UNSET
    commands: list[PendingCommand] | UnsetType = UNSET


class CurrentSettings(Entity):
    """The data of the message `settings` in a player's event stream."""

    settings_etag: str = msgspec.field(name="settingsETag")


class SettingsToApply(PlayerSettings, kw_only=True):
    """The settings of a device; `managed` are the paths in them that an operator has set, such as `/network/hostname`.

    A player leaves its machine as it is in what is not managed.
    """

    managed: list[str]


class ScreenshotAnswer(Entity):
    """A stored picture; its size is in pixels and bytes."""

    id: int
    width: int
    height: int
    file_size: int
