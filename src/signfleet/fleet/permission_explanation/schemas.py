"""The explanation of a permission."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.fleet.subscriptions.schemas import DeviceReference


class ExplainedRule(msgspec.Struct, rename="camel"):
    """A rule that applies to the operation, in words."""

    principal: str
    operation: str
    applies_to: str
    is_allowed: bool
    decides: bool


Obstacle = Literal["notAccepted", "personLockedOut", "userLockedOut", "networkLockedOut", "deviceHidden"]


class Explanation(msgspec.Struct, rename="camel"):
    """Whether a user may do an operation, and why; `rules` are in order of precedence.

    `obstacle` is what denies it whatever the rules say: the user cannot sign in, or may not view the device.
    """

    user: str
    role: str | None
    operation: str
    device: DeviceReference | None
    is_allowed: bool
    reason: str
    obstacle: Obstacle | None
    rules: list[ExplainedRule]
