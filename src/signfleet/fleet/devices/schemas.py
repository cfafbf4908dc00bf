"""The Player entity and its parts, field by field in the contract's order.

Every answer has every property, null if unknown. Properties that belong to one variant of an interface or beacon are
absent from the others (`UNSET`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from signfleet.fleet.subscriptions.schemas import Subscription
from signfleet.foundation.wire import flags, timespan
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.types import Byte, DateTime, Health, Id, Long, Secret, Short, TimeSpan, UShort
from signfleet.identity.access.schemas import Permission
from signfleet.web.contract.paging import PagedList

Name = Annotated[str, Meta(max_length=128)]
Text = Annotated[str, Meta(max_length=4096)]
Url = Annotated[str, Meta(max_length=2048)]
Word = Annotated[str, Meta(max_length=128)]
#: A list of addresses of one interface.
Addresses = Annotated[list[Word], Meta(max_length=32)]
Family = Literal[
    "Tiger", "Pantera", "Impala", "Malibu", "Pagani", "Sebring", "Raptor", "Cobra",
    "Lynx", "Bobcat", "Cheetah", "Panther", "Puma", "Monaco", "Unknown",
]  # fmt: skip
SetupType = Literal["Standalone", "BSN", "LFN", "SFN", "PartnerApplication", "Unknown"]
InterfaceType = Literal["Ethernet", "WiFi", "Virtual", "Cellular", "Other", "Unknown"]
BeaconMode = Literal["iBeacon", "EddystoneUid", "EddystoneUrl"]
_COLOUR = "a colour of 8 hexadecimal digits, AARRGGBB, such as `FF000000`"
#: 16 or 32 bits in hexadecimal, or all 128 with dashes.
_UUID = r"^([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$(?!\n)"
_NAMESPACE_ID = r"^[A-Za-z0-9+/]{13}[AEIMQUYcgkosw048]==$(?!\n)"
_INSTANCE_ID = r"^[A-Za-z0-9+/]{8}$(?!\n)"
_WEB_ADDRESS = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f]+$(?!\n)"
Uuid = Annotated[str, Meta(pattern=_UUID, extra={"is": "a UUID of 4, 8 or 32 hexadecimal digits"})]
NamespaceId = Annotated[str, Meta(pattern=_NAMESPACE_ID, extra={"is": "10 bytes in base64"})]
InstanceId = Annotated[str, Meta(pattern=_INSTANCE_ID, extra={"is": "6 bytes in base64"})]
WebAddress = Annotated[
    str, Meta(pattern=_WEB_ADDRESS, max_length=2048, extra={"is": "an address that begins with http:// or https://"})
]
#: Four names and the slashes around them; a longer key would not fit into an index page of PostgreSQL.
PlacePath = Annotated[str, Meta(max_length=520)]


class Entity(msgspec.Struct, rename="camel", kw_only=True):
    """The base class: names are camel-case in JSON."""


class GroupReference(Entity):
    """The group a device is in."""

    id: Id = 0
    name: Name | None = None
    link: Url | None = None


class BrightWallReference(Entity):
    """The wall a device is part of, and which of its screens it plays."""

    id: Id | None = None
    name: Name | None = None
    screen: Byte = 0
    link: Url | None = None


class Screen(Entity):
    """What a device shows when nothing plays; `idle_color` is AARRGGBB in hexadecimal."""

    idle_color: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{8}$(?!\n)", extra={"is": _COLOUR})] = "FF000000"
    splash_url: Url | None = None


class Period(Entity):
    """The time between two runs of something."""

    period: TimeSpan

    def __post_init__(self) -> None:
        """Writes it in the one form that players read."""
        self.period = timespan.canonical(self.period)


class ContentWindow(Entity):
    """The time of day in which a device may download content; null: always."""

    start: TimeSpan | None = None
    end: TimeSpan | None = None

    def __post_init__(self) -> None:
        """Writes them in the one form that players read."""
        self.start = self.start and timespan.canonical(self.start)
        self.end = self.end and timespan.canonical(self.end)


def _period(text: str) -> Period:
    return Period(period=text)


class Synchronization(Entity):
    """How often a device reports its status and fetches settings, schedule and content."""

    status: Period = msgspec.field(default_factory=lambda: _period("00:05:00"))
    settings: Period = msgspec.field(default_factory=lambda: _period("00:00:00"))
    schedule: Period = msgspec.field(default_factory=lambda: _period("06:00:00"))
    content: ContentWindow = msgspec.field(default_factory=ContentWindow)


class WifiAuthentication(Entity):
    """How a device authenticates to an access point."""

    mode: Word | None = None
    passphrase: Secret | None = None


class WifiEncryption(Entity):
    """Flags such as `TKIP, CCMP`."""

    mode: Word | None = None


class WifiSecurity(Entity):
    """The security of a WiFi interface."""

    authentication: WifiAuthentication = msgspec.field(default_factory=WifiAuthentication)
    encryption: WifiEncryption = msgspec.field(default_factory=WifiEncryption)


class ModemModel(Entity):
    """A modem that a cellular interface may use."""

    model: Word | None = None
    usb_device_ids: Addresses | None = None


class SimConnectionSettings(Entity):
    """How a SIM connects."""

    type: Word | None = None


class SimSettings(Entity):
    """A SIM by its mobile country and network codes."""

    mcc: Word | None = None
    mnc: Word | None = None
    connection: SimConnectionSettings | None = None


class InterfaceSettings(Entity):
    """A network interface as configured: Ethernet, WiFi, Virtual (VLAN) or Cellular."""

    name: Annotated[str, Meta(max_length=64, min_length=1)]
    type: InterfaceType = "Unknown"
    enabled: bool = True
    parent: Word | UnsetType | None = UNSET
    vlan_id: UShort | UnsetType | None = UNSET
    ssid: Word | UnsetType | None = UNSET
    security: WifiSecurity | UnsetType | None = UNSET
    modems: Annotated[list[ModemModel], Meta(max_length=8)] | UnsetType | None = UNSET
    sims: Annotated[list[SimSettings], Meta(max_length=8)] | UnsetType | None = UNSET
    proto: Word | UnsetType | None = UNSET
    ip: Addresses | UnsetType | None = UNSET
    gateway: Word | UnsetType | None = UNSET
    dns: Addresses | UnsetType | None = UNSET
    rate_limit_during_initial_downloads: Long | None = None
    rate_limit_inside_content_download_window: Long | None = None
    rate_limit_outside_content_download_window: Long | None = None
    content_download_enabled: bool = True
    text_feeds_download_enabled: bool = True
    media_feeds_download_enabled: bool = True
    health_reporting_enabled: bool = True
    logs_upload_enabled: bool = True

    def __post_init__(self) -> None:
        """Sets the absent properties of the interface's variant to null, and normalises `proto`."""
        for field in _VARIANT_FIELDS[self.type]:
            if getattr(self, field) is UNSET:
                setattr(self, field, None)
        if isinstance(self.proto, str):
            try:
                self.proto = flags.normalise(self.proto, PROTOCOLS)
            except ValueError as error:
                raise ValueError(f"`proto`: {error}") from error


#: The flags of `proto`; an interface may have several.
PROTOCOLS = ("Static", "DHCP", "DHCPv4", "DHCPv6", "NDP", "Unknown")

_WIRED = ("proto", "ip", "gateway", "dns")
_VARIANT_FIELDS: dict[str, tuple[str, ...]] = {
    "Ethernet": _WIRED,
    "Virtual": ("parent", "vlan_id", *_WIRED),
    "WiFi": ("ssid", "security", *_WIRED),
    "Cellular": ("modems", "sims"),
    "Other": _WIRED,
    "Unknown": (),
}


class DeviceNetworkSettings(Entity):
    """How a device reaches the network."""

    hostname: Word | None = None
    proxy_server: Url | None = None
    proxy_bypass: Annotated[list[Word], Meta(max_length=128)] | None = msgspec.field(default_factory=list)
    time_servers: Annotated[list[Url], Meta(max_length=16)] | None = msgspec.field(default_factory=list)
    interfaces: Annotated[list[InterfaceSettings], Meta(max_length=32)] | None = msgspec.field(default_factory=list)


class Beacon(Entity):
    """A Bluetooth beacon that a device sends; `power` is in dBm, the two ids are base64 of 10 and 6 bytes.

    The mode decides which other properties are required; those of other modes are dropped.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    mode: BeaconMode
    power: Short = 0
    major: UShort | UnsetType | None = UNSET
    minor: UShort | UnsetType | None = UNSET
    uuid: Uuid | UnsetType | None = UNSET
    namespace_id: NamespaceId | UnsetType | None = UNSET
    instance_id: InstanceId | UnsetType | None = UNSET
    url: WebAddress | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """Drops the properties of other modes. Raises `ValueError` if one of its own mode is missing."""
        for mode, fields in _BEACON_FIELDS.items():
            for field in fields:
                if mode != self.mode:
                    setattr(self, field, UNSET)
                elif getattr(self, field) in (UNSET, None):
                    names = " and ".join(_wire_name(Beacon, name) for name in fields)
                    raise ValueError(f"A beacon of mode {mode} needs {names}")


_BEACON_FIELDS: dict[str, tuple[str, ...]] = {
    "iBeacon": ("major", "minor", "uuid"),
    "EddystoneUid": ("namespace_id", "instance_id"),
    "EddystoneUrl": ("url",),
}


def _wire_name(entity: type[Entity], field: str) -> str:
    return entity.__struct_encode_fields__[entity.__struct_fields__.index(field)]


class Location(Entity):
    """Where a device stands: coordinates in degrees, and the names of the place, short and long."""

    place_id: Word | None = None
    gps_latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    gps_longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    country: Name | None = None
    country_long_name: Name | None = None
    admin_area_level1: Name | None = None
    admin_area_level1_long_name: Name | None = None
    admin_area_level2: Name | None = None
    admin_area_level2_long_name: Name | None = None
    locality: Name | None = None
    locality_long_name: Name | None = None
    path: PlacePath | None = None
    path_long_name: PlacePath | None = None


class ScreenshotSettings(Entity):
    """How often a device takes a screenshot, and how many of them the server stores."""

    interval: TimeSpan
    count_limit: UShort = 5
    quality: Annotated[int, Meta(ge=1, le=100)] = 50
    orientation: Literal["Landscape", "PortraitBottomLeft", "PortraitBottomRight", "Unknown"] = "Landscape"

    def __post_init__(self) -> None:
        """Writes the interval in the one form that players read."""
        self.interval = timespan.canonical(self.interval)


class Logging(Entity):
    """Which logs a device writes, and when it uploads them."""

    enable_diagnostic_log: bool = False
    enable_event_log: bool = False
    enable_playback_log: bool = False
    enable_state_log: bool = False
    enable_variable_log: bool = False
    upload_at_boot: bool = False
    upload_time: TimeSpan | None = None

    def __post_init__(self) -> None:
        """Writes the time in the one form that players read."""
        self.upload_time = self.upload_time and timespan.canonical(self.upload_time)


class LocalWebServer(Entity):
    """The device's own web server; null: off."""

    username: Name | None = ""
    password: Secret | None = ""
    enable_update_notifications: bool = True


class DiagnosticWebServer(Entity):
    """The device's diagnostic web server; null: off. The password is stored as given."""

    password: Secret | None = ""


class PlayerSettings(Entity):
    """The settings that an operator gives a device: the part of it that PUT and PATCH change."""

    name: Name
    description: Text | None = None
    concat_name_and_serial: bool = False
    setup_type: SetupType = "BSN"
    last_modified_date: DateTime | None = None
    group: GroupReference | None = None
    bright_wall: BrightWallReference | None = None
    timezone: Word | None = None
    screen: Screen | None = msgspec.field(default_factory=Screen)
    synchronization: Synchronization | None = msgspec.field(default_factory=Synchronization)
    network: DeviceNetworkSettings | None = msgspec.field(default_factory=DeviceNetworkSettings)
    beacons: Annotated[list[Beacon], Meta(max_length=64)] = msgspec.field(default_factory=list)
    location: Location | None = None
    screenshots: ScreenshotSettings | None = None
    logging: Logging | None = msgspec.field(default_factory=Logging)
    lws: LocalWebServer | None = msgspec.field(default_factory=LocalWebServer)
    ldws: DiagnosticWebServer | None = msgspec.field(default_factory=DiagnosticWebServer)

    def __post_init__(self) -> None:
        """Raises `ValueError` if two beacons have one name, which identifies a beacon in paths."""
        names = [fold(beacon.name) for beacon in self.beacons]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"Two beacons are named `{self.beacons[place].name}`")


class PresentationReference(Entity):
    """What a device plays."""

    id: Id | None = None
    name: Name | None = None
    type: Literal["Presentation", "BrightWallPresentation", "Unknown"] | None = None
    link: Url | None = None


class Enabled(Entity):
    """Whether something is switched on."""

    enabled: bool


class SynchronizationStatus(Entity):
    """What a device synchronizes by itself."""

    settings: Enabled | None = None
    schedule: Enabled | None = None
    content: Enabled | None = None


class Plugin(Entity):
    """A plugin of the autorun script; `file_hash` is a SHA-1 in hexadecimal, `file_size` in bytes."""

    file_name: Url | None = None
    file_size: Long | None = None
    file_hash: Word | None = None


class Script(Entity):
    """The script that a device runs."""

    type: Literal["Setup", "Autorun", "Recovery", "Custom", "Unknown"] | None = None
    version: Word | None = None
    plugins: Annotated[list[Plugin], Meta(max_length=100)] | None = None


class Firmware(Entity):
    """The firmware of a device."""

    version: Word | None = None


class StorageStatus(Entity):
    """A storage of a device; `stats` in bytes."""

    interface: Literal["Internal", "Tmp", "Flash", "SD1", "USB1", "Unknown"] | None = None
    system: Word | None = None
    access: Word | None = None
    stats: Annotated[dict[str, Long | float], Meta(max_length=32)] | None = None


class ModemStatus(Entity):
    """The modem of a cellular interface."""

    imei: Word | None = None
    manufacturer: Word | None = None
    model: Word | None = None
    revision: Word | None = None


class SimConnection(Entity):
    """The network a SIM is connected to; `signal` in dBm."""

    network: Word | None = None
    signal: Short | None = None


class SimStatus(Entity):
    """A SIM of a cellular interface."""

    status: Word | None = None
    iccid: Word | None = None
    connection: SimConnection | None = None


class InterfaceStatus(Entity):
    """The present state of a network interface; `ip` in CIDR notation."""

    name: Word | None = None
    type: InterfaceType | None = None
    proto: Word | None = None
    mac: Word | None = None
    ip: Addresses | None = None
    gateway: Word | None = None
    metric: Long | None = None
    modem: ModemStatus | UnsetType | None = UNSET
    sims: Annotated[list[SimStatus], Meta(max_length=8)] | UnsetType | None = UNSET


class NetworkStatus(Entity):
    """How a device reaches the network, as it reports."""

    external_ip: Word | None = None
    interfaces: Annotated[list[InterfaceStatus], Meta(max_length=32)] | None = None


class ReportedStatus(Entity):
    """What a device reports of itself: the Player Full Status without what the server adds."""

    group: GroupReference | None = None
    bright_wall: BrightWallReference | None = None
    presentation: PresentationReference | None = None
    timezone: Word | None = None
    synchronization: SynchronizationStatus | None = None
    script: Script | None = None
    firmware: Firmware | None = None
    storage: Annotated[list[StorageStatus], Meta(max_length=16)] | None = None
    network: NetworkStatus | None = None
    uptime: TimeSpan | None = None
    current_settings_timestamp: DateTime | None = None
    current_schedule_timestamp: DateTime | None = None


class PlayerStatus(ReportedStatus):
    """Player Full Status."""

    health: Health = "Unknown"
    last_modified_date: DateTime | None = None


class TaggedGroup(Entity):
    """A group that a device belongs to because of its tags."""

    id: Id
    name: Name


class Player(Entity):
    """The Player entity, a device as clients see it."""

    id: Id
    serial: str
    model: str
    family: Family
    registration_date: DateTime
    last_modified_date: DateTime
    settings: PlayerSettings
    status: PlayerStatus | None = None
    subscription: Subscription | None = None
    tagged_groups: list[TaggedGroup] = msgspec.field(default_factory=list)
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    permissions: list[Permission] = msgspec.field(default_factory=list)


class PlayerPage(PagedList):
    """A PagedList of players."""

    items: list[Player]
