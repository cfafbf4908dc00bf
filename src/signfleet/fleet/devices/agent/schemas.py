"""What the software of a player says of itself, as players send it and operators see it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.fleet.devices.schemas import Entity
from signfleet.foundation.wire.types import DateTime

#: How many commands a player may list, and how many parts of its settings it may refuse; the first ones count.
MOST_COMMANDS = 64
MOST_FAILED = 64

Can = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64)]],
    Meta(description=f"The commands that the player can do, at most {MOST_COMMANDS}; by default all."),
]


class FailedPart(Entity):
    """A part of the settings that a player could not apply: its path in the settings, and why."""

    path: Annotated[str, Meta(min_length=1, max_length=256)]
    reason: Annotated[str, Meta(max_length=1024)] | None = None


class AppliedSettings(Entity):
    """The settings that a player has applied, but for the parts that it could not."""

    settings_etag: Annotated[str, Meta(min_length=1, max_length=64)] = msgspec.field(name="settingsETag")
    failed: (
        Annotated[
            list[FailedPart], Meta(description=f"If there are more than {MOST_FAILED}, the first {MOST_FAILED} count.")
        ]
        | None
    ) = None


#: `unknown`: the player has never said. `waiting`: it has not applied the present settings.
SettingsState = Literal["unknown", "waiting", "applied", "refused"]


class SettingsProgress(Entity):
    """Whether a player has applied its settings.

    `settingsETag` is that of the present settings, `appliedETag` that of the settings which the player applied last, at
    `date`; `failed` are the parts of those that it refused.
    """

    state: SettingsState
    settings_etag: str = msgspec.field(name="settingsETag")
    applied_etag: str | None = msgspec.field(name="appliedETag")
    date: DateTime | None
    failed: list[FailedPart]


class Agent(Entity):
    """What the software of a player says of itself. `can` is null if it has not said which commands it can do."""

    can: list[str] | None
    settings: SettingsProgress
