"""The explanation of a permission."""

from __future__ import annotations

import msgspec

from signfleet.fleet.subscriptions.schemas import DeviceReference


class ExplainedRule(msgspec.Struct, rename="camel"):
    """A rule that applies to the operation, in words."""

    principal: str
    operation: str
    applies_to: str
    is_allowed: bool
    decides: bool


class Explanation(msgspec.Struct, rename="camel"):
    """Whether a user may do an operation, and why; `rules` are in order of precedence."""

    user: str
    role: str | None
    operation: str
    device: DeviceReference | None
    is_allowed: bool
    reason: str
    rules: list[ExplainedRule]
