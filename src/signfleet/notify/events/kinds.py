"""Every kind of event, with the shape of its data. The name of a class is the kind's word in answers and filters.

A new kind is a class here and a line in `KINDS`; `docs/events.md` lists it with its members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Health


class EventData(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """What one event says beside its date, kind and device."""

    #: The member that filters and sorts know as `[Event].[Name]`.
    named_by: ClassVar[str | None] = None

    @property
    def name(self) -> str | None:
        """What the event is about, such as the name of an error."""
        return None if self.named_by is None else getattr(self, self.named_by)


# --- of devices ---------------------------------------------------------------------------------------------------


class DeviceRegistered(EventData):
    """A player registered: as a new device, or again as a known one."""

    named_by = "model"
    model: str
    firmware: str | None = None
    is_new: bool = False


class DeviceRemoved(EventData):
    """A device was deleted."""


class HealthChanged(EventData):
    """The health of a device changed, by a report or by its absence.

    `code`, `date`, `subject` and `free_percent` are those of the reason, as the list of healths has them.
    """

    named_by = "to"
    from_: Health = msgspec.field(name="from")
    to: Health
    reason: str | None = None
    code: str | None = None
    date: DateTime | None = None
    subject: str | None = None
    free_percent: float | None = None


class ErrorReported(EventData):
    """A player reported an error. `count`: how often the report had it."""

    named_by = "error_name"
    error_name: str | None
    error_event: str | None = None
    reason: str | None = None
    response_code: int | None = None
    count: int = 1


class DownloadsReported(EventData):
    """A player reported downloads: one event a report, about the last one, with their number."""

    named_by = "file_name"
    file_name: str | None
    status: str | None = None
    progress: float | None = None
    count: int = 1


class ScreenshotReceived(EventData):
    """A player uploaded a picture of its screen."""

    screenshot_id: int


class FailedSetting(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A part of the settings that a player could not apply."""

    path: str
    reason: str | None = None


class SettingsApplied(EventData):
    """A player applied its settings."""

    settings_etag: str = msgspec.field(name="settingsETag")


class SettingsRefused(EventData):
    """A player could not apply some of its settings."""

    settings_etag: str = msgspec.field(name="settingsETag")
    failed: list[FailedSetting]


class CommandFinished(EventData):
    """A command to a device reached its last state."""

    named_by = "command"
    command_id: int
    command: str
    state: str
    reason: str | None = None


class SubscriptionAged(EventData):
    """Time changed the status of a device's subscription; `to` is missing if it has expired."""

    named_by = "to"
    subscription_id: int
    from_: str = msgspec.field(name="from")
    to: str | None = None


class SubscriptionCreated(EventData):
    """A subscription was added to the stock, or a new player got its Grace."""

    named_by = "type"
    type: str
    subscription_id: int


class SubscriptionQueued(EventData):
    """A subscription of the stock waits for a device: none takes it now."""

    named_by = "type"
    type: str
    subscription_id: int


class SubscriptionExpiring(EventData):
    """A suspended subscription expires soon."""

    named_by = "type"
    type: str
    subscription_id: int
    expiration_date: str


# --- of players that may not join ---------------------------------------------------------------------------------


class DuplicateSerial(EventData):
    """Two machines use one serial: the second registers in another network, or both report as one device."""

    named_by = "address"
    address: str | None = None
    known_address: str | None = None


class SecretRefused(EventData):
    """A player with the serial of a device did not prove that it is this device."""

    named_by = "address"
    address: str | None = None
    known_address: str | None = None


class BlockedSerialRefused(EventData):
    """A player with the serial of a deleted device tried to register."""

    named_by = "address"
    address: str | None = None


class SerialClaimed(EventData):
    """The network asks for a serial that another network has."""

    named_by = "author"
    author: str


# --- of the network and its accounts ------------------------------------------------------------------------------


class NetworkCreated(EventData):
    """The network was created."""

    named_by = "network_name"
    network_name: str


class NetworkSettingsChanged(EventData):
    """The network's settings changed."""


class NetworkLevelChanged(EventData):
    """The network's subscription level changed."""

    named_by = "to"
    from_: str | None = msgspec.field(name="from")
    to: str


class NetworkTrialExpiring(EventData):
    """The trial of the network ends soon."""

    expire_date: str


class NetworkLocked(EventData):
    """The network was locked out, or is no longer."""

    is_locked_out: bool


class UserAdded(EventData):
    """A person became a user of the network."""

    named_by = "login"
    login: str
    user_id: int


class UserRemoved(EventData):
    """A person is no longer a user of the network."""

    named_by = "login"
    login: str
    user_id: int


class UserLocked(EventData):
    """A user was locked out, or is no longer."""

    named_by = "login"
    login: str
    user_id: int
    is_locked_out: bool


class SignInLocked(EventData):
    """Too many wrong passwords: sign-ins with this login have to wait."""

    named_by = "login"
    login: str
    address: str | None = None


#: Kinds whose name is the login of a user, whom not everybody may see.
ABOUT_USERS: Final = (UserAdded, UserRemoved, UserLocked, SignInLocked)

#: Every kind, by its word.
KINDS: Final[dict[str, type[EventData]]] = {
    kind.__name__: kind
    for kind in (
        DeviceRegistered,
        DeviceRemoved,
        HealthChanged,
        ErrorReported,
        DownloadsReported,
        ScreenshotReceived,
        SettingsApplied,
        SettingsRefused,
        CommandFinished,
        SubscriptionAged,
        SubscriptionCreated,
        SubscriptionQueued,
        SubscriptionExpiring,
        DuplicateSerial,
        SecretRefused,
        BlockedSerialRefused,
        SerialClaimed,
        NetworkCreated,
        NetworkSettingsChanged,
        NetworkLevelChanged,
        NetworkTrialExpiring,
        NetworkLocked,
        UserAdded,
        UserRemoved,
        UserLocked,
        SignInLocked,
    )
}

if TYPE_CHECKING:
    Kind = str
else:
    #: The words of the kinds, as filters and the OpenAPI document know them.
    Kind = Literal[tuple(KINDS)]
