"""The bodies of the endpoints of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.fleet.webhooks.schemas import DeviceFilter, Kinds, Name
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Health, Id
from signfleet.notify.events.kinds import KINDS
from signfleet.web.contract.paging import PagedList

if TYPE_CHECKING:
    CauseKind = str
else:
    #: What can be wrong with a device, and every kind of event.
    CauseKind = Literal[("contact", "storage", "error", "subscription", "normal", *KINDS)]

Minutes = Annotated[int, Meta(ge=0, le=43_200)]
Note = Annotated[str, Meta(max_length=1024)]
Ids = Annotated[list[Id], Meta(max_length=50)]
Words = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=20)]


class Condition(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """When an alert opens about a device.

    `health`: it has one of the healths, for one of the `reasons` if there are any. `silent`: it has not reported for
    so many `minutes`. `event`: an event of one of the kinds in `events` came.
    """

    kind: Literal["health", "silent", "event"]
    health: Annotated[list[Health], Meta(max_length=4)] = msgspec.field(default_factory=list)
    reasons: Words = msgspec.field(default_factory=list)
    minutes: Annotated[int, Meta(ge=5, le=43_200)] | None = None
    events: Kinds = msgspec.field(default_factory=list)


class NewRule(msgspec.Struct, rename="camel", kw_only=True):
    """A rule to create: an alert opens for each device of `filter` on which the condition lasts `minutes`."""

    name: Name
    condition: Condition
    is_enabled: bool = True
    filter: DeviceFilter | None = None
    minutes: Minutes = 0
    #: Mail the users whose notification settings ask for it.
    notifies_users: bool = False
    mail_to: Ids = msgspec.field(default_factory=list)
    webhooks: Ids = msgspec.field(default_factory=list)


class RuleChange(NewRule, kw_only=True):
    """What a rule is to be. The id of another rule is refused."""

    id: Id | None = None


class Rule(NewRule, kw_only=True):
    """A rule: `mailTo` are ids of users, who hear only of devices that they may view."""

    id: Id
    creation_date: DateTime
    last_modified_date: DateTime


class AlertCause(msgspec.Struct, rename="camel", kw_only=True):
    """What is wrong, as data: a device has one live alert for each `kind`.

    `code` is the reason of a health, or the kind of an event; `date` is that of the last report, the error or the
    event; `subject` the storage, the error or the name of the event; `freePercent` what is free of the storage.
    """

    kind: CauseKind
    code: str
    date: DateTime | None = None
    subject: str | None = None
    free_percent: float | None = None


class JoinedRule(msgspec.Struct):
    """A rule that wants an alert."""

    id: Id
    name: str


class Alert(msgspec.Struct, rename="camel", kw_only=True):
    """An alert. `deviceId` is 0 for one about the network; `count` sums up events while it is open.

    `rules` are all rules that want it, in the order in which they joined; `ruleId` and `ruleName` are the first.
    `reason` says in English what `cause` says as data.
    """

    id: Id
    rule_id: Id
    rule_name: str
    rule_ids: list[Id]
    rules: list[JoinedRule]
    cause: AlertCause
    device_id: Id
    serial: str | None
    state: Literal["open", "acknowledged", "muted", "resolved"]
    reason: str | None
    since_date: DateTime
    open_date: DateTime
    last_date: DateTime
    count: int
    actor: str | None
    note: str | None
    muted_until: DateTime | None
    resolve_date: DateTime | None


class AlertPage(PagedList):
    """A PagedList of alerts."""

    items: list[Alert]


class Acknowledgement(msgspec.Struct, rename="camel", kw_only=True):
    """Why somebody takes care of an alert, or considers it done."""

    note: Note | None = None


class Mute(msgspec.Struct, rename="camel", kw_only=True):
    """Until when an alert stays quiet."""

    until: DateTime
    note: Note | None = None


class NewWindow(msgspec.Struct, rename="camel", kw_only=True):
    """A maintenance window to create: no alert opens for the devices of `filter` from `begin` to `end`."""

    name: Name
    begin: DateTime
    end: DateTime
    filter: DeviceFilter | None = None
    repeats: Literal["never", "daily", "weekly"] = "never"


class MaintenanceWindow(NewWindow, kw_only=True):
    """A maintenance window. One that repeats begins again at the same time in UTC."""

    id: Id
    author: str
    creation_date: DateTime


def date_of(text: str, member: str) -> int | None:
    """Returns a date of a body in ms, None for the contract's unset date. Raises `Invalid` with the member's name."""
    try:
        return datetime.parse(text)
    except ValueError as error:
        raise Invalid(f"'{member}': {error}.") from error
